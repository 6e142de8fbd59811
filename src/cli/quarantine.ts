// `sluice quarantine`: the messages that a stage or a verification has held since they were accepted. Promises: only these are shown
// and changed, whatever the filters say; a message is deleted only when that was confirmed. The queue's own filters, rows and
// jobs do the work.

import type { Command } from 'commander';
import type { QueueFilter, QueueRow } from '../control/queue-row.ts';
import { readPlaces } from './config-file.ts';
import { confirm } from './confirm.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import * as quarantineReport from './quarantine-report.ts';
import { changeAndTell, runJob } from './queue-change.ts';
import {
  type FilterOptions,
  filterOf,
  isRestricted,
  requireChoice,
  wholeNumber,
  withQuarantineFilterOptions,
} from './queue-filter.ts';
import { queueRows } from './queue-rows.ts';
import * as queueShow from './queue-show.ts';
import { LongTable } from './long-table.ts';
import { age } from './text-table.ts';

interface QuarantineOptions extends FilterOptions {
  readonly reason?: string;
}

interface ListOptions extends QuarantineOptions {
  readonly limit: number;
}

interface ChangeOptions extends QuarantineOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function register(program: Command): void {
  const quarantine = program
    .command('quarantine')
    .description('list, show, release and delete the mail that was held when it was accepted');
  withFilters(quarantine.command('list [ids...]'))
    .description('print one line for each recipient of mail in quarantine, with the reason')
    .option('-n, --limit <count>', 'at most this many lines; 0: all', wholeNumber, 1000)
    .action(list);
  queueShow.register(quarantine, { quarantine: '*' });
  withFilters(quarantine.command('release [ids...]'))
    .description('let mail in quarantine go on to its recipients')
    .option('--all', 'choose all mail in quarantine')
    .option('--dry-run', 'change nothing, and say what would be changed')
    .action(release);
  withFilters(quarantine.command('delete [ids...]'))
    .description('take mail in quarantine out of the queue for good, without a report to the sender')
    .option('--all', 'choose all mail in quarantine')
    .option('--dry-run', 'change nothing, and say what would be changed')
    .option('--yes', 'delete without asking')
    .action(remove);
  quarantineReport.register(quarantine);
}

function withFilters(command: Command): Command {
  return withQuarantineFilterOptions(command).option(
    '--reason <text>',
    'only mail whose reason contains this text; * stands for anything',
  );
}

/** The filter without what makes it one of the quarantine, to see whether anything was chosen. */
function chosenBy(ids: readonly string[], options: QuarantineOptions): QueueFilter {
  const filter = filterOf(ids, options);
  return options.reason === undefined ? filter : { ...filter, quarantine: `*${options.reason}*` };
}

function inQuarantine(filter: QueueFilter): QueueFilter {
  return { quarantine: '*', ...filter };
}

async function list(ids: string[], options: ListOptions): Promise<void> {
  const { limit } = options;
  const filter = chosenBy(ids, options);
  const nowMs = Date.now();
  const rows = new LongTable(['ID', 'AGE', 'TENANT', 'FROM', 'TO', 'REASON']);
  for await (const row of queueRows(readPlaces(options.config), inQuarantine(filter), limit)) {
    if (options.json === true) process.stdout.write(`${JSON.stringify(row)}\n`);
    else rows.add(cellsOf(row, nowMs));
  }
  if (options.json === true) return;
  const { count } = rows;
  if (count === 0) {
    process.stdout.write(
      isRestricted(filter) ? 'No mail in quarantine matches.\n' : 'No mail is in quarantine.\n',
    );
    return;
  }
  const more = limit > 0 && count === limit ? ' (there may be more: --limit 0 shows all)' : '';
  rows.end(`${count} recipient${count === 1 ? '' : 's'}${more}\n`);
}

function cellsOf(row: QueueRow, nowMs: number): readonly string[] {
  return [
    row.queueId,
    age(nowMs - row.receivedAtMs),
    row.tenant === '' ? '-' : row.tenant,
    row.sender === '' ? '<>' : row.sender,
    row.recipient,
    row.quarantine ?? '',
  ];
}

async function release(ids: string[], options: ChangeOptions): Promise<void> {
  const filter = chosenBy(ids, options);
  requireChoice(filter, options.all === true, 'release', 'quarantine');
  const dryRun = options.dryRun === true;
  const asked = { action: 'release', filter: inQuarantine(filter), ...(dryRun && { dryRun }) } as const;
  await changeAndTell(readPlaces(options.config), asked, options.json === true);
}

/** @throws {CommandError} `NOT_CONFIRMED` */
async function remove(ids: string[], options: ChangeOptions): Promise<void> {
  const chosen = chosenBy(ids, options);
  requireChoice(chosen, options.all === true, 'delete', 'quarantine');
  const place = readPlaces(options.config);
  const isJson = options.json === true;
  const filter = inQuarantine(chosen);
  const preview = { action: 'remove', filter, dryRun: true } as const;
  if (options.dryRun === true) return changeAndTell(place, preview, isJson);
  if (options.yes === true) return changeAndTell(place, { action: 'remove', filter }, isJson);
  if (isJson || !process.stdin.isTTY) throw notConfirmed('Add --yes to delete without being asked.');
  const askedAtMs = Date.now();
  const { recipients, messages } = await runJob(place, preview, false);
  const question = `Delete ${messages} message${messages === 1 ? '' : 's'} (${recipients} recipient${recipients === 1 ? '' : 's'}) for good?`;
  if (messages > 0 && !(await confirm(question))) throw notConfirmed('Nobody has said yes to the question.');
  // Mail that came while the question was on the terminal is not what the answer is about.
  const olderThanMs = Math.max(filter.olderThanMs ?? 0, Date.now() - askedAtMs);
  await changeAndTell(place, { action: 'remove', filter: { ...filter, olderThanMs } }, false);
}

function notConfirmed(hint: string): CommandError {
  return new CommandError(
    exitCodes.usage,
    'NOT_CONFIRMED',
    'Deleting mail in quarantine was not confirmed: nothing was deleted.',
    hint,
  );
}
