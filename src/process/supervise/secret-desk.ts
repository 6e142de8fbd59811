// The one place where the secrets of credentials are read. The supervisor reads the files and environment variables of [[credential]],
// gives the secrets to senders, which log in with them, and follows changes of the files.
// Promises: a secret leaves this object in `secrets` alone; one that cannot be read stops no start: the mail that needs it waits, and the
// troubles say why.

import { isDeepStrictEqual } from 'node:util';

import type { Config } from '../../config/config.ts';
import type { SecretPlace } from '../../config/credential-config.ts';
import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { fileVersions, fileVersionsNow } from '../../tls/certificate-files.ts';
import type { GivenSecret, GivenSecrets } from '../../values/secret.ts';
import type { RoleName } from '../role.ts';
import { readSecretFile } from '../watch/secret-file.ts';

/** How often the files are looked at. Tokens live for an hour or less, and are often renewed at the last moment. */
const lookEveryMs = 5_000;

export interface SecretDeskParts {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly troubles: Troubles;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What has secrets. Those of issuers of tokens are read by the keys process. */
type SecretConfig = Pick<Config, 'credential' | 'tokenIssuer'>;

type ReadPlace = Exclude<SecretPlace, { readonly kind: 'command' }>;

/** A credential whose secret is read here. */
interface ReadCredential {
  readonly name: string;
  readonly secret: ReadPlace;
}

interface Found {
  readonly place: ReadPlace;
  /** The same object as long as the secret is the same. */
  readonly secret: GivenSecret;
  /** What is wrong at the place now; empty: nothing. */
  readonly problem: string;
}

export class SecretDesk {
  readonly #parts: SecretDeskParts;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  #credentials: readonly ReadCredential[] = [];
  /** Environment variables that the keys process reads. */
  #ofKeys: readonly string[] = [];
  #secrets: ReadonlyMap<string, Found> = new Map();
  #versions = '';
  /** Names of credentials with a trouble. */
  #troubled: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #changed: (names: readonly string[]) => void = () => undefined;

  constructor(config: SecretConfig, parts: SecretDeskParts) {
    this.#parts = parts;
    this.#environment = parts.environment ?? process.env;
    this.use(config);
  }

  /** Calls back with the names of the credentials whose secrets are others. */
  onChanged(changed: (names: readonly string[]) => void): void {
    this.#changed = changed;
  }

  /** Looks at the files from now on. */
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
  use({ credential, tokenIssuer }: SecretConfig): void {
    this.#ofKeys = tokenIssuer.flatMap(({ check }) =>
      check.kind === 'introspection' && check.secret.kind === 'environment' ? [check.secret.name] : [],
    );
    // Commands are run by the senders: a program that talks to the network is none for the supervisor.
    this.#credentials = credential.flatMap(({ name, secret }) =>
      secret.kind === 'command' ? [] : [{ name, secret }],
    );
    this.#read();
  }

  /** Environment variables with secrets that a process is not to have. */
  hiddenFrom(role: RoleName): readonly string[] {
    const own = this.#credentials.flatMap(({ secret }) =>
      secret.kind === 'environment' ? [secret.variable] : [],
    );
    return role === 'keys' ? own.filter((name) => !this.#ofKeys.includes(name)) : [...own, ...this.#ofKeys];
  }

  /** For senders, and for nobody else. */
  get secrets(): GivenSecrets {
    return Object.fromEntries([...this.#secrets].map(([name, { secret }]) => [name, secret]));
  }

  /** One look at the files. */
  async look(): Promise<void> {
    if (this.#credentials.length === 0) return;
    const before = this.#versions;
    const versions = await fileVersions(pathsOf(this.#credentials));
    // A reload may have read them meanwhile.
    if (before !== this.#versions || versions === before) return;
    this.#read();
  }

  #read(): void {
    this.#versions = fileVersionsNow(pathsOf(this.#credentials));
    const before = this.#secrets;
    const read = new Map(this.#credentials.map((each) => [each.name, this.#found(each)]));
    this.#secrets = read;
    // What was in the way may pass without a change of the file (too many open files, an error of the disk): all are read at each look.
    if ([...read.values()].some(({ problem }) => problem !== '')) this.#versions = '';
    this.#report();
    const changed = [...read.keys()].filter((name) => read.get(name)?.secret !== before.get(name)?.secret);
    const gone = [...before.keys()].filter((name) => !read.has(name));
    if (changed.length + gone.length > 0) this.#changed([...changed, ...gone]);
  }

  /** What is there now; or else what was there before, because a file that is being replaced may be gone for a moment. */
  #found({ name, secret: place }: ReadCredential): Found {
    const known = this.#secrets.get(name);
    const before = known !== undefined && isDeepStrictEqual(known.place, place) ? known.secret : undefined;
    const now = this.#secretAt(place);
    if (now.kind === 'missing') {
      const kept = before?.kind === 'secret' ? before : now;
      return { place, secret: kept, problem: now.reason };
    }
    const isSame = before?.kind === 'secret' && before.text === now.text;
    return { place, secret: isSame ? before : now, problem: '' };
  }

  #secretAt(secret: ReadPlace): GivenSecret {
    if (secret.kind === 'file') return readSecretFile(secret.path);
    const text = this.#environment[secret.variable];
    return text === undefined || text === ''
      ? { kind: 'missing', reason: `the environment has no variable ${secret.variable}` }
      : { kind: 'secret', text };
  }

  #report(): void {
    const { log, troubles } = this.#parts;
    const troubled: string[] = [];
    for (const [name, { problem, secret }] of this.#secrets) {
      if (problem === '') continue;
      troubled.push(name);
      const what = secret.kind === 'secret' ? 'What was read before is used.' : 'Mail that needs it waits.';
      const text = `The secret of the credential "${name}" cannot be read: ${problem}. ${what}`;
      const advice =
        'Put the secret there; a file is read again within five seconds, an environment variable at the next start.';
      troubles.raise(`login:secret ${name}`, 'warning', text, advice);
      if (!this.#troubled.includes(name)) log.warn(`${text} ${advice}`, { code: 'SECRET_MISSING' });
    }
    for (const name of this.#troubled) if (!troubled.includes(name)) troubles.clear(`login:secret ${name}`);
    this.#troubled = troubled;
  }
}

function pathsOf(credentials: readonly ReadCredential[]): readonly string[] {
  return credentials.flatMap(({ secret }) => (secret.kind === 'file' ? [secret.path] : []));
}
