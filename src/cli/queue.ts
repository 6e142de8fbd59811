// `sluice queue list`, which reads the spool when no Sluice is running. The other commands have files of their own.

import type { Command } from 'commander';
import type { QueueRow } from '../control/queue-row.ts';
import { readPlaces } from './config-file.ts';
import * as queueChange from './queue-change.ts';
import * as queueEtrn from './queue-etrn.ts';
import * as queueExport from './queue-export.ts';
import * as queueImport from './queue-import.ts';
import * as queueJobs from './queue-jobs.ts';
import * as queueState from './queue-state.ts';
import * as queueShow from './queue-show.ts';
import {
  type FilterOptions,
  filterOf,
  isRestricted,
  wholeNumber,
  withFilterOptions,
} from './queue-filter.ts';
import { reasonText, stateText } from './queue-row-text.ts';
import { queueRows } from './queue-rows.ts';
import { defaultQueue } from '../values/queue-name.ts';
import { LongTable } from './long-table.ts';
import { age } from './text-table.ts';

interface ListOptions extends FilterOptions {
  readonly limit?: number;
}

export function register(program: Command): void {
  const queue = program.command('queue').description('list, show, export and change the mail in the queue');
  withFilterOptions(queue.command('list [ids...]'))
    .description('print one line for each waiting recipient')
    .option('-n, --limit <count>', 'at most this many lines; 0: all', wholeNumber, 1000)
    .action(list);
  queueShow.register(queue);
  queueExport.register(queue);
  queueImport.register(queue);
  queueChange.register(queue);
  queueJobs.register(queue);
  queueEtrn.register(queue);
  queueState.register(queue);
}

async function list(ids: string[], options: ListOptions): Promise<void> {
  const config = readPlaces(options.config);
  const limit = options.limit ?? 0;
  const filter = filterOf(ids, options);
  const nowMs = Date.now();
  const hasQueues = config.queues.length > 0;
  const head = ['ID', 'AGE', 'STATE', 'TRIES', 'NEXT', 'FROM', 'TO', 'LAST ERROR'];
  const rows = new LongTable(hasQueues ? ['QUEUE', ...head] : head);
  for await (const row of queueRows(config, filter, limit)) {
    if (options.json === true) process.stdout.write(`${JSON.stringify(row)}\n`);
    else rows.add([...(hasQueues ? [row.queue ?? defaultQueue] : []), ...cellsOf(row, nowMs)]);
  }
  if (options.json === true) return;
  const { count } = rows;
  if (count === 0) {
    process.stdout.write(isRestricted(filter) ? 'No mail that waits matches.\n' : 'Nothing waits.\n');
    return;
  }
  const more = limit > 0 && count === limit ? ' (there may be more: --limit 0 shows all)' : '';
  rows.end(`${count} recipient${count === 1 ? '' : 's'}${more}\n`);
}

function cellsOf(row: QueueRow, nowMs: number): readonly string[] {
  return [
    row.queueId,
    age(nowMs - row.receivedAtMs),
    stateText(row),
    String(row.attempts),
    row.nextAttemptAtMs > nowMs ? `in ${age(row.nextAttemptAtMs - nowMs)}` : 'now',
    row.sender === '' ? '<>' : row.sender,
    row.recipient,
    reasonText(row),
  ];
}
