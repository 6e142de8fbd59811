// The options with which the commands of `sluice queue` choose recipients: ids, patterns, states, ages.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../values/duration.ts';
import type { QueueFilter } from '../control/queue-row.ts';
import { isQueueId } from '../spool/queue-id.ts';
import { configOption } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

export interface FilterOptions {
  readonly config?: string;
  readonly sender?: string;
  readonly recipient?: string;
  readonly domain?: string;
  readonly tenant?: string;
  readonly queue?: string;
  readonly state?: string;
  readonly route?: string;
  readonly olderThan?: number;
  readonly newerThan?: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

const states = ['resolving', 'waiting', 'ready', 'active', 'held', 'damaged', 'stored'];

/** Adds the options that choose recipients. */
export function withFilterOptions(command: Command): Command {
  return withQuarantineFilterOptions(command)
    .addOption(new Option('--state <state>', 'only recipients in this state').choices(states))
    .option('--route <name>', 'only recipients that take this [[route]], by its name');
}

/** Adds those of the options that make sense where all messages are held. */
export function withQuarantineFilterOptions(command: Command): Command {
  return command
    .addOption(configOption())
    .option('--sender <pattern>', 'sender address; * stands for anything, <> for bounces')
    .option('--recipient <pattern>', 'recipient address')
    .option('--domain <pattern>', 'recipient domain')
    .option('--tenant <name>', "a tenant's mail, by its name; '' is mail of no tenant")
    .option('--queue <name>', 'mail that this queue keeps, by its name; "default" is that of [queue]')
    .option('--older-than <age>', 'messages older than this, e.g. 4h', duration)
    .option('--newer-than <age>', 'messages younger than this', duration)
    .option('--json', 'print JSON for programs');
}

/** Whether the filter restricts anything; otherwise every recipient matches. */
export function isRestricted(filter: QueueFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

/** @throws {CommandError} `QUEUE_ID_INVALID` */
export function filterOf(ids: readonly string[], options: FilterOptions): QueueFilter {
  for (const id of ids) requireQueueId(id);
  return {
    ids: ids.length === 0 ? undefined : ids,
    sender: options.sender,
    recipient: options.recipient,
    domain: options.domain,
    tenant: options.tenant,
    queue: options.queue,
    state: options.state,
    route: options.route,
    olderThanMs: options.olderThan,
    newerThanMs: options.newerThan,
  };
}

/**
 * Refuses any other text in the place of a queue id: it would match nothing, silently.
 * @throws {CommandError} `QUEUE_ID_INVALID`
 */
export function requireQueueId(id: string): void {
  if (isQueueId(id)) return;
  throw new CommandError(
    exitCodes.usage,
    'QUEUE_ID_INVALID',
    `"${id}" is not a queue id.`,
    'A queue id has 15 characters, digits and capital letters: "sluice queue list" and the log show it. Addresses and domains are chosen with --recipient, --sender and --domain.',
  );
}

/** Refuses a command without ids or filter: only `--all` chooses everything. @throws {CommandError} `NOTHING_CHOSEN` */
export function requireChoice(
  filter: QueueFilter,
  isAll: boolean,
  command: string,
  group: 'queue' | 'quarantine' = 'queue',
): void {
  if (isRestricted(filter) || isAll) return;
  throw new CommandError(
    exitCodes.usage,
    'NOTHING_CHOSEN',
    `Which messages? "sluice ${group} ${command}" needs ids or a filter.`,
    'Name queue ids, give a filter such as --domain example.com, or --all.',
  );
}

/** An argument that counts something. @throws {InvalidArgumentError} */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** An argument such as `4h`, in ms. @throws {InvalidArgumentError} */
export function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
