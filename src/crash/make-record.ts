// Makes the record of a crash from what is known of the end of a process.

import { bounded, type CrashedProcess, type CrashKind, type CrashRecord } from './crash-record.ts';
import type { ProcessState } from './process-state.ts';
import type { ReadTrail } from './read-trail.ts';
import { signalWords } from './signal-words.ts';
import type { TakenReport } from './take-report.ts';

export interface EndedProcess {
  readonly process: CrashedProcess;
  readonly index: number;
  readonly pid: number;
  /** Unix ms; undefined where it is not known. */
  readonly startedAtMs?: number;
  readonly endedAtMs: number;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it reported before it ended. */
  readonly failure: { readonly code: string; readonly message: string } | undefined;
  /** Why the supervisor has ended it, and what the system said of it then; undefined: it did not. */
  readonly stall: ProcessState | undefined;
}

/** The code of an error that is a fault of Sluice; others are for the administrator to mend. */
export const unexpectedFailure = 'ROLE_FAILED';

/**
 * Whether a process that ended has crashed: one that says what the administrator can mend has not.
 * @param isAsked - it was asked to end: then only what the system, or itself, has ended by a signal has crashed
 */
export function hasCrashed(
  { exitCode, signal, failure, stall }: Omit<EndedProcess, 'endedAtMs'>,
  isAsked: boolean,
): boolean {
  if (stall !== undefined) return true;
  if (failure !== undefined) return failure.code === unexpectedFailure;
  if (isAsked) return signal !== null && signal !== 'SIGKILL' && signal !== 'SIGTERM';
  return signal !== null || exitCode !== null;
}

/** @param report - what has become of Node's report; undefined: it has not been looked for */
export function makeRecord(
  ended: EndedProcess,
  { steps, inHand }: ReadTrail,
  report: TakenReport | undefined,
): CrashRecord {
  const { process, index, pid, exitCode, signal, failure, stall } = ended;
  const kind = kindOf(ended, report);
  const said = failure?.message ?? (report?.kind === 'taken' ? report.words : '');
  return {
    version: 1,
    process,
    index,
    pid,
    ...(ended.startedAtMs !== undefined && { startedAt: new Date(ended.startedAtMs).toISOString() }),
    endedAt: new Date(ended.endedAtMs).toISOString(),
    kind,
    ...(signal !== null && { signal }),
    ...(exitCode !== null && { exitCode }),
    words: bounded(stall?.words ?? (said === '' ? signalWords(signal, exitCode) : said), 4000),
    ...(stall?.isFromOutside === true && { isFromOutside: true }),
    inHand: [...inHand],
    steps: [...steps],
    ...(report !== undefined &&
      report.kind !== 'taken' && { reportMissing: whyNoReport(kind, signal, report) }),
    setAside: [],
  };
}

function kindOf({ failure, stall, signal }: EndedProcess, report: TakenReport | undefined): CrashKind {
  if (stall !== undefined) return 'stalled';
  if (report?.kind === 'taken' && report.trigger === 'OOMError') return 'memory';
  if (failure !== undefined || (report?.kind === 'taken' && report.trigger !== 'FatalError')) return 'error';
  return signal === null ? 'exit' : 'signal';
}

function whyNoReport(
  kind: CrashKind,
  signal: NodeJS.Signals | null,
  report: Exclude<TakenReport, { readonly kind: 'taken' }>,
): string {
  if (report.kind === 'refused') return bounded(report.reason, 1000);
  if (kind === 'stalled') return 'Node writes none while its event loop stands still';
  if (signal !== null) return `Node cannot write one when a process ends by ${signal}`;
  return 'Node has written none';
}
