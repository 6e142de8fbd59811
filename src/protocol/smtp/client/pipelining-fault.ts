// Says which kind of pipelining a server does not bear, when a session breaks. The same host may serve well without it.

import type { PipeliningKind } from '../../../values/pipelining.ts';
import type { TransactionRun } from './transaction-run.ts';

/** Why a session breaks: the connection is lost, the server does not answer in time, answers what it must not, or says 421. */
export type BreakCause = 'lost' | 'silent' | 'wrong' | 'closing' | 'ours';

export interface BreakFacts {
  readonly cause: BreakCause;
  /** The oldest transaction on the way. */
  readonly oldest: TransactionRun;
  /** Later ones are on the way. */
  readonly hasOthers: boolean;
  /** Transactions of this session before it. */
  readonly earlier: number;
  /** Transactions of this session that went well although they were begun behind others. */
  readonly kept: number;
}

/**
 * A server that has borne so many pipelined transactions in a session bears them: a connection that is lost later has another cause.
 */
const proofOfSupport = 10;

/** Undefined: nothing speaks against pipelining. */
export function pipeliningFault(facts: BreakFacts): PipeliningKind | undefined {
  const { cause, oldest, hasOthers, kept } = facts;
  if (cause === 'ours') return undefined;
  const isAnswered = !oldest.isChunk && (oldest.phase === 'content' || oldest.phase === 'final');
  if (!hasOthers && !(oldest.isBehind && !isAnswered)) return aloneFault(facts);
  // A server may end a connection after some messages (RFC 5321 3.8), but not after the first one that came with others.
  if (cause === 'closing') return kept === 0 && oldest.isBehind && !oldest.isHeard ? 'across' : undefined;
  return cause === 'lost' && kept >= proofOfSupport ? undefined : 'across';
}

function aloneFault({ cause, oldest, earlier }: BreakFacts): PipeliningKind | undefined {
  // A 421 is the server's answer to the rest of the group: it would reply the same to commands one by one.
  if (cause === 'closing') return undefined;
  if (oldest.isChunk) {
    // A server may close a kept connection just when it is used again.
    return oldest.isHeard || cause !== 'lost' || earlier === 0 ? 'chunk' : undefined;
  }
  // Happens behind a middlebox that announces PIPELINING but does not support it.
  return oldest.isPartlyAnswered && cause !== 'wrong' ? 'group' : undefined;
}
