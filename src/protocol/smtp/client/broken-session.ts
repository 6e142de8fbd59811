// Why a session breaks, and what that means for each transaction on the way: the failure of its recipients, in words for logs and reports.

import { doing } from './client-phase.ts';
import type { ClientPhase, RemoteReply, RepliedCommand, SessionFailure } from './client-types.ts';
import type { ClientDialect } from './dialect.ts';
import type { BreakCause } from './pipelining-fault.ts';
import { quotedAnswer } from './reply-text.ts';
import type { TransactionRun } from './transaction-run.ts';

export interface BrokenSession {
  readonly cause: BreakCause;
  /** Of the session. */
  readonly failure: SessionFailure;
  /** Of the oldest transaction on the way, or of one behind it. */
  readonly of: (run: TransactionRun, isOldest: boolean) => SessionFailure;
}

/** The command that a reply answers in a phase. */
type CommandIn = (phase: ClientPhase) => RepliedCommand;

/** The reply to the oldest transaction ends all. */
export function brokenByReply(cause: BreakCause, reply: RemoteReply, commandIn: CommandIn): BrokenSession {
  const failure = { kind: 'reply', reply } as const;
  const text = `the connection was closed after the reply ${quotedAnswer(reply)} of an earlier message`;
  const of: BrokenSession['of'] = (run, isOldest) =>
    isOldest ? failure : { kind: 'broken', during: commandIn(run.phase), text: withDoubt(text, run) };
  return { cause, failure, of };
}

/** @param text - says all @param hasSeveral - more than one transaction is on the way */
export function brokenBecause(
  cause: BreakCause,
  text: string,
  phase: ClientPhase,
  hasSeveral: boolean,
  commandIn: CommandIn,
): BrokenSession {
  const during = commandIn(phase);
  const of: BrokenSession['of'] = (run, isOldest) => ({
    kind: 'broken',
    during: isOldest ? during : commandIn(run.phase),
    // What was said to the content of a single message is no matter of doubt.
    text: run.phase !== 'final' || hasSeveral || !isOldest ? withDoubt(text, run) : text,
  });
  return { cause, failure: { kind: 'broken', during, text }, of };
}

/** What broke in the middle of something, such as `connection lost`. */
interface Interruption {
  readonly what: string;
  /** Empty, or with a colon before it. */
  readonly why: string;
  /** Of the session. */
  readonly phase: ClientPhase;
  readonly dialect: ClientDialect;
}

export function brokenWhile(
  cause: BreakCause,
  { what, why, phase, dialect }: Interruption,
  commandIn: CommandIn,
): BrokenSession {
  const failureIn = (at: ClientPhase, run?: TransactionRun) => {
    const isAhead = run?.phase === 'mail' && run.ahead?.next !== undefined;
    const text = `${what} while ${isAhead ? 'waiting for the reply to XFORWARD' : doing(at, dialect)}`;
    return { kind: 'broken', during: commandIn(at), text: `${withDoubt(text, run)}${why}` } as const;
  };
  return {
    cause,
    failure: failureIn(phase),
    of: (run, isOldest) => failureIn(isOldest ? phase : run.phase, run),
  };
}

const doubt = ' (the message may have been delivered)';

/** RFC 1047: the server may have accepted a message whose end it did not answer, whichever reply is the next. */
function withDoubt(text: string, run: TransactionRun | undefined): string {
  const isInDoubt = run !== undefined && run.isWritten && !run.isUnsent && !text.endsWith(doubt);
  return isInDoubt ? `${text}${doubt}` : text;
}
