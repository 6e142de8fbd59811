// The one place where the secrets of SRS are read. The supervisor reads their file, gives them to the processes that rewrite senders or take
// mail for them, and follows changes of the file.
// Promises: a secret leaves this object in `secrets` alone; secrets that were good stay in force while the file cannot be read, and a file
// that cannot be read stops no start: the mail that needs it waits, and the troubles say why.

import { isDeepStrictEqual } from 'node:util';

import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import type { GivenSrsSecrets } from '../../srs/srs-secrets.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { fileVersions, fileVersionsNow } from '../../tls/certificate-files.ts';
import { readSrsSecretFile } from '../watch/srs-secret-file.ts';

const lookEveryMs = 5_000;
const nothing: GivenSrsSecrets = { kind: 'missing', reason: 'no secret_file is configured' };

export interface SrsDeskParts {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
}

type SrsPart = Pick<Config, 'srs'>;

export class SrsDesk {
  readonly #parts: SrsDeskParts;
  #path: string | undefined;
  #version = '';
  #secrets: GivenSrsSecrets = nothing;
  /** What is in the log and the troubles. */
  #told = '';
  #timer: NodeJS.Timeout | undefined;
  #changed: () => void = () => undefined;

  constructor(config: SrsPart, parts: SrsDeskParts) {
    this.#parts = parts;
    this.use(config);
  }

  /** Calls back when the secrets are others. */
  onChanged(changed: () => void): void {
    this.#changed = changed;
  }

  /** Looks at the file from now on. */
  start(): void {
    this.#timer = setTimeout(() => {
      void this.look().then(() => {
        if (this.#timer !== undefined) this.start();
      });
    }, lookEveryMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Reads the secrets of another configuration. */
  use({ srs }: SrsPart): void {
    const path = srs?.secretFile;
    if (path !== this.#path) this.#secrets = nothing;
    this.#path = path;
    this.#read();
  }

  get secrets(): GivenSrsSecrets {
    return this.#secrets;
  }

  /** One look at the file. */
  async look(): Promise<void> {
    if (this.#path === undefined) return;
    const before = this.#version;
    const version = await fileVersions([this.#path]);
    // A reload may have read it meanwhile.
    if (before !== this.#version || version === before) return;
    this.#read();
  }

  #read(): void {
    const before = this.#secrets;
    if (this.#path === undefined) {
      this.#version = '';
      this.#secrets = nothing;
      this.#report('');
    } else {
      this.#version = fileVersionsNow([this.#path]);
      const now = readSrsSecretFile(this.#path);
      // What was in the way may pass without a change of the file (too many open files, an error of the disk): it is read at each look.
      if (now.kind === 'missing') this.#version = '';
      // A file that is being replaced may be gone for a moment.
      if (now.kind === 'secrets' || before.kind === 'missing') this.#secrets = now;
      this.#report(now.kind === 'missing' ? now.reason : '');
    }
    if (!isDeepStrictEqual(this.#secrets, before)) this.#changed();
  }

  #report(problem: string): void {
    if (problem === this.#told) return;
    this.#told = problem;
    const { log, troubles } = this.#parts;
    if (problem === '') {
      troubles.clear('srs');
      log.info('the secrets of SRS can be read again');
      return;
    }
    const isKept = this.#secrets.kind === 'secrets';
    const what = isKept
      ? 'What was read before is used.'
      : 'Mail whose sender is to be rewritten waits, and mail to SRS addresses is answered with 451.';
    const text = `The secrets of SRS cannot be read: ${problem}. ${what}`;
    const advice =
      'Correct the file, or its owner and permissions; it is read again within five seconds. "sluice srs secret" makes a new one.';
    troubles.raise('srs', isKept ? 'warning' : 'critical', text, advice);
    log.warn(`${text} ${advice}`, { code: 'SRS_SECRET_MISSING' });
  }
}
