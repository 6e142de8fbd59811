// Ends the transactions on the way when the session breaks, and decides which of them count as tried.

import type { BrokenSession } from './broken-session.ts';
import type { SessionOutput } from './session-output.ts';
import type { TransactionRun } from './transaction-run.ts';

/**
 * Tells the outcomes of those that count as tried, oldest first; the others may be carried out by another session.
 */
export function abortRuns(
  runs: readonly TransactionRun[],
  { cause, of }: BrokenSession,
  output: SessionOutput,
): void {
  const [oldest] = runs;
  for (const run of runs) {
    // A 421 between two messages is said of the session (RFC 5321 3.8).
    const isTried = run === oldest && (!run.isBehind || run.isHeard);
    // A server that says 421 has not worked on what came later, unless it answers.
    const mayBeDelivered = run.isWritten && cause !== 'closing';
    if (!isTried && !mayBeDelivered && !run.isUnsent) return;
    const reason = of(run, run === oldest);
    // In a group behind another one, a reply out of its place may have refused for good what the server has not even looked at.
    if (cause === 'wrong' && run.isBehind) run.outcomes.doubtReplies();
    if (reason.kind === 'broken' && run.isPartlyAnswered && cause !== 'wrong') {
      run.outcomes.makeMailRefusalTemporary(reason);
    }
    output.tell({ kind: 'done', outcomes: run.outcomes.finish(reason), reusable: false });
  }
}
