// Who runs programs for the transport `pipe`: this process as its own user, or the supervisor, which alone can run them as others.

import { closeSync, existsSync, openSync } from 'node:fs';
import { userInfo } from 'node:os';
import { feedProgram, type FedEnd } from '../../io/feed-program.ts';
import { userAccount } from '../../io/user-account.ts';
import type { PipeWay } from '../../values/local-way.ts';
import { fillCommand } from '../../values/pipe-command.ts';
import { inheritedByPrograms } from './inherited.ts';
import { type PipeFacts, type PipeUser, pipeEnvironment, pipeValues } from './pipe-values.ts';

/** One run of a program. Plain data. */
export interface PipeRun {
  /** The route (`planKey`), by which others find the same command in their own configuration. */
  readonly planKey: string;
  readonly way: PipeWay;
  readonly facts: PipeFacts;
  /** The path of the file that the program reads. */
  readonly file: string;
}

export type PipeEnd =
  | FedEnd
  | { readonly kind: 'refused'; readonly reason: string; readonly printed: string };

export interface Programs {
  /** Never rejects. */
  run(run: PipeRun, signal: AbortSignal): Promise<PipeEnd>;
}

/** Whom a program runs as. */
export type PipeIdentity = PipeUser & { readonly as?: { readonly uid: number; readonly gid: number } };

export function refusedRun(reason: string): PipeEnd {
  return { kind: 'refused', reason, printed: '' };
}

/** @param input - descriptor of the file that it reads; the caller closes it */
export function runPipe(
  { way, facts }: Pick<PipeRun, 'way' | 'facts'>,
  input: number,
  identity: PipeIdentity,
  inherited: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<PipeEnd> {
  const filled = fillCommand(way.command, pipeValues(facts));
  if (filled.kind === 'unfit') return Promise.resolve(refusedRun(`\${${filled.variable}} ${filled.why}`));
  const { timeMs, outputBytes, memoryBytes } = way;
  return feedProgram({
    command: filled.command,
    environment: pipeEnvironment(facts, identity, inherited),
    folder: existsSync(identity.home) ? identity.home : '/',
    input,
    as: identity.as,
    timeMs,
    outputBytes,
    memoryBytes,
    signal,
  });
}

/** Programs of this process, as its own user. */
export class OwnPrograms implements Programs {
  readonly #uid: number | undefined;

  /** @param uid - of this process */
  constructor(uid = process.getuid?.()) {
    this.#uid = uid;
  }

  async run(run: PipeRun, signal: AbortSignal): Promise<PipeEnd> {
    const identity = await identityFor(run.way, this.#uid);
    if (typeof identity === 'string') return refusedRun(identity);
    let input: number;
    try {
      input = openSync(run.file, 'r');
    } catch (error) {
      return refusedRun(
        `its message cannot be read: ${error instanceof Error ? error.message : 'no reason'}`,
      );
    }
    try {
      return await runPipe(run, input, identity, inheritedByPrograms(), signal);
    } finally {
      closeSync(input);
    }
  }
}

/** Whom this process runs a program as; or why it cannot. Root, whose roles have no users of their own, can be anybody. */
async function identityFor({ as }: PipeWay, uid: number | undefined): Promise<PipeIdentity | string> {
  const { username: user, homedir: home } = ownUser();
  if (uid === 0 && (as === undefined || as.user === user))
    return 'it would run as root: name another user with "as" in the route, or with "user" for all of Sluice';
  if (as === undefined || (as.user === user && as.group === undefined)) return { user, home };
  if (uid !== 0)
    return `the program must run as ${as.user}, and Sluice runs as ${user}: only a Sluice that root has started can do that`;
  try {
    const { uid, gid, ...account } = await userAccount(as.user, as.group);
    return uid === 0 || gid === 0 ? 'it would run as root' : { ...account, as: { uid, gid } };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A container may have no name for its user. */
function ownUser(): { readonly username: string; readonly homedir: string } {
  try {
    return userInfo();
  } catch {
    return { username: String(process.getuid?.() ?? ''), homedir: '/' };
  }
}
