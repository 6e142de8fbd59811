// What `sluice top` shows: rates between two states, and the sites that are busiest or wait most.

import { formatDuration } from '../values/duration.ts';
import type { SiteOrder, SiteRow, Status } from '../control/operations/status.ts';
import type { QueueStatus } from '../control/operations/queue-status.ts';
import { targetText } from './override-options.ts';
import { queueRateLines } from './queues-table.ts';
import { sitesTable } from './sites-table.ts';
import { age } from './text-table.ts';

export const ratesShown = ['received', 'delivered', 'deferred', 'bounced'] as const;
export type Rates = Readonly<Record<(typeof ratesShown)[number], number>>;

/** The state at one moment, for programs: a line of `sluice top --json`. */
export interface TopSnapshot {
  readonly timeMs: number;
  /** Per second since the snapshot before; undefined without one that can be compared. */
  readonly rates?: Rates | undefined;
  readonly messages: number;
  readonly recipients: number;
  readonly connections: number;
  readonly senders: number;
  readonly sites: readonly SiteRow[];
  readonly siteCount: number;
  /** Targets that are suspended. */
  readonly suspended: readonly string[];
  /** Not given where there is one queue alone. */
  readonly queues?: readonly QueueSnapshot[];
}

/** A queue at one moment. */
export type QueueSnapshot = Omit<QueueStatus, 'counters'> & {
  /** As those of all mail. */
  readonly rates?: Rates | undefined;
};

export function snapshotOf(status: Status, before: Status | undefined): TopSnapshot {
  const { nowMs, messages, recipients, connections, senders, sites, siteCount, overrides } = status;
  return {
    timeMs: nowMs,
    rates: ratesBetween(before, status),
    messages,
    recipients,
    connections,
    senders,
    sites,
    siteCount,
    suspended: overrides.filter((each) => each.kind === 'suspend').map(targetText),
    ...(status.byQueue !== undefined && { queues: queueSnapshots(status, before) }),
  };
}

function queueSnapshots(status: Status, before: Status | undefined): QueueSnapshot[] {
  const known = new Map(before?.byQueue?.map((each) => [each.queue, each]));
  return (status.byQueue ?? []).map(({ counters, ...each }) => {
    const seconds = secondsBetween(before, status);
    const earlier = known.get(each.queue);
    const isKnown = seconds !== undefined && earlier !== undefined;
    return isKnown ? Object.assign(each, { rates: ratesOf(earlier.counters, counters, seconds) }) : each;
  });
}

/** Undefined also when another manager was started in between, whose counters began at 0. */
function secondsBetween(before: Status | undefined, now: Status): number | undefined {
  if (before === undefined || before.startedAtMs !== now.startedAtMs || now.nowMs <= before.nowMs) {
    return undefined;
  }
  return (now.nowMs - before.nowMs) / 1000;
}

function ratesBetween(before: Status | undefined, now: Status): Rates | undefined {
  const seconds = secondsBetween(before, now);
  return before === undefined || seconds === undefined
    ? undefined
    : ratesOf(before.counters, now.counters, seconds);
}

type Counters = Status['counters'];

function ratesOf(before: Counters, now: Counters, seconds: number): Rates {
  const rate = (name: string) => Math.round((((now[name] ?? 0) - (before[name] ?? 0)) / seconds) * 10) / 10;
  return {
    received: rate('received'),
    delivered: rate('delivered'),
    deferred: rate('deferred'),
    bounced: rate('bounced'),
  };
}

export interface TopFrame {
  readonly snapshot: TopSnapshot;
  readonly status: Status;
  readonly order: SiteOrder;
  readonly intervalMs: number;
}

/** The lines of one screen: a head, and a line for each site of the status. */
export function topLines({ snapshot, status, order, intervalMs }: TopFrame): string[] {
  const { rates, suspended } = snapshot;
  const perSecond = ratesShown.map((name) => `${rates?.[name].toFixed(1) ?? '-'} ${name}`).join(', ');
  const hidden = snapshot.siteCount - snapshot.sites.length;
  return [
    `Sluice ${status.version}, running for ${age(snapshot.timeMs - status.startedAtMs)}; every ${formatDuration(intervalMs)}, by ${order}`,
    `Queue        ${snapshot.messages} messages, ${snapshot.recipients} recipients`,
    `Per second   ${perSecond}`,
    `Connections  ${snapshot.connections} in ${snapshot.senders} sender process${snapshot.senders === 1 ? '' : 'es'}`,
    ...(suspended.length === 0 ? [] : [`Suspended    ${suspended.join(', ')}`]),
    ...queueLines(snapshot.queues),
    '',
    ...(snapshot.sites.length === 0
      ? ['No mail waits, and no connection is open.']
      : sitesTable(snapshot.sites).trimEnd().split('\n')),
    ...(hidden > 0 ? [`... and ${hidden} more sites`] : []),
  ];
}

/** The queues that are busiest, or wait most; those in trouble first. */
function queueLines(queues: TopSnapshot['queues']): string[] {
  if (queues === undefined) return [];
  const weight = ({ state, active, ready }: QueueSnapshot): number =>
    (state === 'open' ? 0 : 1e12) + active + ready;
  const shown = queues.toSorted((a, b) => weight(b) - weight(a)).slice(0, shownQueues);
  const hidden = queues.length - shown.length;
  return ['', ...queueRateLines(shown), ...(hidden > 0 ? [`... and ${hidden} more queues`] : [])];
}

const shownQueues = 8;

/** Lines that the head and the foot take, and queues where there are several; the rest of a screen is for sites. */
export function headAndFootLines({ byQueue }: Pick<Status, 'byQueue'>): number {
  if (byQueue === undefined) return 9;
  return 11 + Math.min(byQueue.length, shownQueues) + (byQueue.length > shownQueues ? 1 : 0);
}
