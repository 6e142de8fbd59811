// Runs the program that delivers as a user of the system (`src/local/main.ts`): by the process that can become this user.

import { fileURLToPath } from 'node:url';
import { feedProgram } from '../../io/feed-program.ts';
import { SystemUsers } from '../../io/system-users.ts';
import type { SystemWay } from '../../values/system-way.ts';
import { inheritedByPrograms } from '../pipe/inherited.ts';
import { type PipeEnd, refusedRun } from '../pipe/programs.ts';
import type { PipeFacts } from '../pipe/pipe-values.ts';
import { SystemAliases } from '../../policy/recipients/system-aliases.ts';
import { findPlace, type SystemPlace } from '../../mailbox/system/find-place.ts';
import { aliasJob, withAddresses } from './alias-job.ts';
import { jobVariable, reportBytes, type SystemJob, type SystemReport } from './job.ts';
import { UserTurns } from './user-turns.ts';

/**
 * How a run has ended, or why there was none.
 * @property retryInMs - nothing was tried: the user has no place for it now
 */
export type SystemEnd =
  | PipeEnd
  | SystemReport
  | { readonly kind: 'busy'; readonly reason: string; readonly retryInMs: number };

/** Time to begin and to report, beside that of the delivery. */
const besideMs = 15_000;

const program = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../local/main.ts' : '../../local/main.js', import.meta.url),
);

/** A small heap, and nothing that could be debugged by another process of the user. */
const runtimeOptions = ['--disable-sigusr1', '--max-old-space-size=64', '--max-semi-space-size=1'];

export interface SystemMail {
  readonly way: SystemWay;
  readonly facts: PipeFacts;
  /** Its recipients were found by aliases, and are looked up in none again. */
  readonly isExpanded: boolean;
  /** Opens the message, for reading; the descriptor is closed here. @throws {Error} with a sentence */
  readonly open: () => number;
  readonly close: (descriptor: number) => void;
}

export class SystemRuns {
  readonly #uid: number | undefined;
  readonly #users: Pick<SystemUsers, 'find'>;
  readonly #aliases = new SystemAliases();
  readonly #turns = new UserTurns();

  /** @param uid - of this process */
  constructor(uid = process.getuid?.(), users: Pick<SystemUsers, 'find'> = new SystemUsers()) {
    this.#uid = uid;
    this.#users = users;
  }

  /** Never rejects. */
  async run(mail: SystemMail, signal: AbortSignal): Promise<SystemEnd> {
    try {
      const find = (user: string): ReturnType<SystemUsers['find']> => this.#users.find(user);
      const alias = await aliasJob(mail, this.#aliases, find);
      if (alias !== undefined && alias.kind !== 'job') return alias;
      const place = alias?.place ?? (await findPlace(mail.way, mail.facts.recipient, find));
      if (place.kind === 'fault') return place;
      const { name, uid } = place.account;
      if (this.#uid !== 0 && this.#uid !== uid)
        return refusedRun(
          `it must be delivered as ${name}: only a Sluice that root has started can become another user`,
        );
      const { perUser } = mail.way;
      const end = await this.#turns.run(name, perUser, (begun) =>
        this.#deliver(mail, place, alias?.steps, begun, signal),
      );
      if (end.kind === 'busy')
        return { ...end, reason: `${perUser} deliveries to ${name} are under way, and take long` };
      return alias === undefined ? end : withAddresses(end, alias.onward);
    } catch (error) {
      return refusedRun(error instanceof Error ? error.message : String(error));
    }
  }

  async #deliver(
    mail: SystemMail,
    { account, ...place }: SystemPlace,
    alias: SystemJob['alias'],
    begun: () => void,
    signal: AbortSignal,
  ): Promise<PipeEnd> {
    const { way, facts } = mail;
    const { name, home, uid, gid } = account;
    const { instructions, mailbox, timeMs, memoryBytes, processes, outputBytes } = way;
    const job: SystemJob = {
      facts,
      user: name,
      home,
      instructions,
      separator: place.separator,
      extension: place.extension,
      mailbox,
      ...(alias !== undefined && { alias }),
      limits: { timeMs, memoryBytes, processes, outputBytes },
    };
    const input = mail.open();
    try {
      return await feedProgram({
        command: [process.execPath, ...runtimeOptions, program],
        environment: { ...inheritedByPrograms(), [jobVariable]: JSON.stringify(job) },
        // Not the home, which may not be there or not answer.
        folder: '/',
        input,
        ...(this.#uid === 0 && { as: { uid, gid } }),
        timeMs: timeMs + besideMs,
        outputBytes: reportBytes,
        begun,
        signal,
      });
    } finally {
      mail.close(input);
    }
  }
}
