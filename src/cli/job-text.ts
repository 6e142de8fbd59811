// Jobs on the queue in words: what was done, what would be, how far it has come, and the errors of those that ended early.

import type {
  JobProgress,
  JobReport,
  MoveTally,
  QueueAction,
  Tally,
} from '../control/operations/queue-change.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { age, table } from './text-table.ts';

interface Words {
  /** `5 recipients ...` */
  readonly done: string;
  /** `5 recipients of 3 messages would be ...` */
  readonly would: string;
}

const words: Readonly<Record<QueueAction, Words>> = {
  retry: { done: 'will be tried now', would: 'be tried now' },
  reroute: { done: 'will go another way', would: 'go another way' },
  hold: { done: 'held', would: 'be held' },
  release: { done: 'released', would: 'be released' },
  remove: { done: 'removed', would: 'be removed' },
  bounce: {
    done: 'given up; their senders get a report',
    would: 'be given up, with reports to their senders',
  },
  move: { done: 'moved', would: 'be moved' },
};

export function recipients(count: number): string {
  return `${count} recipient${count === 1 ? '' : 's'}`;
}

function messages(count: number): string {
  return `${count} message${count === 1 ? '' : 's'}`;
}

/** `12 recipients held` */
function doneText(action: QueueAction, { recipients: count }: JobProgress): string {
  return `${recipients(count)} ${words[action].done}`;
}

/** The line on a terminal while a job is at work. */
export function progressText(action: QueueAction, dryRun: boolean, progress: JobProgress): string {
  const { seen, of } = progress;
  const percent = of === 0 ? 100 : Math.min(100, Math.floor((100 * seen) / of));
  const found = dryRun ? `${recipients(progress.recipients)} found` : doneText(action, progress);
  return `${percent}%: ${seen} of ${messages(of)} looked at, ${found} (Ctrl-C cancels)`;
}

/** What a job that is done has done, or a dry run has found. */
export function jobText(report: JobReport): string {
  const { action, dryRun, preview } = report;
  if (!dryRun) return `${doneText(action, report)}.\n`;
  const found = `${recipients(report.recipients)} of ${messages(report.messages)} would ${words[action].would}. Nothing was changed.\n`;
  if (preview === undefined || report.recipients === 0) return found;
  const { states, domains, otherDomains, moves = [], otherMoves = 0 } = preview;
  const others = otherDomains === 0 ? [] : [{ name: '(all others)', recipients: otherDomains }];
  return `${found}\n${movesText(moves, otherMoves)}${tallies('STATE', states)}\n${tallies('DOMAIN', [...domains, ...others])}`;
}

function movesText(moves: readonly MoveTally[], others: number): string {
  if (moves.length === 0) return '';
  const rows = moves.map(({ from, to, recipients: count }) => [from, to, String(count)]);
  if (others > 0) rows.push(['(all others)', '', String(others)]);
  return `${table(['FROM', 'TO', 'RECIPIENTS'], rows)}\n`;
}

function tallies(title: string, counts: readonly Tally[]): string {
  return table(
    [title, 'RECIPIENTS'],
    counts.map((each) => [each.name, String(each.recipients)]),
  );
}

/** One line for each job. */
export function jobsText(jobs: readonly JobReport[], nowMs: number): string {
  if (jobs.length === 0) return 'There is no job.\n';
  return table(
    ['JOB', 'ACTION', 'STATE', 'SINCE', 'LOOKED AT', 'RECIPIENTS', 'REASON'],
    jobs.map((report) => [
      String(report.job),
      report.dryRun ? `${report.action} (dry run)` : report.action,
      report.state,
      age(nowMs - report.startedAtMs),
      `${report.seen} of ${report.of}`,
      String(report.recipients),
      report.reason,
    ]),
  );
}

/** The error of a job that did not do everything that was asked for; undefined when it did. */
export function jobError(report: JobReport): CommandError | undefined {
  const { action, dryRun, state, unstored, refused, reason } = report;
  const soFar = dryRun ? 'Nothing was changed.' : `Until then, ${doneText(action, report)}.`;
  if (state === 'failed') {
    return new CommandError(
      exitCodes.software,
      'JOB_FAILED',
      `Changing the queue failed: ${reason}. ${soFar}`,
      'This is a fault of Sluice: its log has the same error. What was done stays done.',
    );
  }
  if (refused > 0 && action === 'move') {
    return new CommandError(
      exitCodes.failed,
      'MOVE_REFUSED',
      `${recipients(report.recipients)} moved. ${recipients(refused)} stayed where they were: ${reason}`,
      'Look after the disks of both queues ("sluice status"), then run the command again: what has moved does not count again.',
    );
  }
  if (refused > 0 && action === 'remove') {
    return new CommandError(
      exitCodes.failed,
      'MOVE_UNDER_WAY',
      `${recipients(report.recipients)} removed. ${recipients(refused)} stayed in the queue: ${reason}`,
      'Run the command again when the move is over; "sluice status" says which store is not there.',
    );
  }
  if (refused > 0) {
    return new CommandError(
      exitCodes.failed,
      'REPORTS_NOT_STORED',
      `${report.recipients} recipients were given up. ${refused} recipients are in the queue as before, because the reports about them could not be stored: ${reason}`,
      'Make room on the disk of the spool, then run the command again; or use "sluice queue remove", which sends no report.',
    );
  }
  if (unstored > 0) {
    return new CommandError(
      exitCodes.failed,
      'CHANGE_NOT_STORED',
      `The change is in force for ${unstored} recipients, but it is not on the disk: ${reason}`,
      'Sluice goes on trying to store it. Look after the disk of the spool: until the change is stored, a restart would undo it.',
    );
  }
  if (state === 'cancelled') {
    return new CommandError(
      exitCodes.cancelled,
      'JOB_CANCELLED',
      `The job was cancelled after ${report.seen} of ${messages(report.of)}. ${soFar}`,
      'What was done stays done. Run the command again to go on: what is done already does not count again.',
    );
  }
  return undefined;
}

/** The error when the manager or the connection ended while a job was at work. */
export function interruptedError(
  cause: Error,
  action: QueueAction,
  dryRun: boolean,
  last: JobProgress,
): CommandError {
  const soFar = dryRun
    ? 'Nothing was changed.'
    : `At the last report, ${doneText(action, last)}; some more may be.`;
  return new CommandError(
    exitCodes.tempFail,
    'JOB_INTERRUPTED',
    `The job ended early, because ${lowerFirst(cause.message)} ${soFar}`,
    'What was done stays done. Run the command again to go on.',
    { cause },
  );
}

function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}
