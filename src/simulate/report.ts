// The report of a simulation: plain data, the same for people and programs. Times in ms after the beginning.

import type { Reporter } from './reporter.ts';
import type { Delays, Tally } from './tally.ts';

/** What mail waited for, and for which part of the time from the first message to the last outcome, in [0, 1]. */
export interface Bound {
  readonly by: string;
  readonly share: number;
}

/** One recipient domain, or all domains of one site. `null`: never. */
export interface DestinationReport {
  readonly name: string;
  readonly site: string;
  readonly domains: number;
  readonly messages: number;
  readonly recipients: number;
  readonly delivered: number;
  readonly failed: number;
  /** Recipients that still waited when the simulation ended. */
  readonly left: number;
  readonly deferrals: number;
  readonly firstDeliveredMs: number | null;
  readonly lastDeliveredMs: number | null;
  /** When the last recipient was delivered or failed; null when some are left. */
  readonly finishedMs: number | null;
  /** Recipients a second, from the first message until the last delivery. */
  readonly rate: number;
  readonly connections: number;
  readonly failedConnections: number;
  readonly mostConnections: number;
  readonly bans: number;
  /** Connections that a ban turned away. */
  readonly banned: number;
  /** Longest first. */
  readonly boundBy: readonly Bound[];
}

export interface TenantReport {
  /** '' for those who have none. */
  readonly name: string;
  readonly messages: number;
  readonly recipients: number;
  readonly delivered: number;
  readonly failed: number;
  /** Delays of those that were delivered; null when none was. */
  readonly medianDelayMs: number | null;
  readonly p99DelayMs: number | null;
  readonly worstDelayMs: number | null;
}

export interface SimulationReport {
  readonly seed: number;
  /** When the last recipient was delivered or failed; null when some are left. */
  readonly finishedMs: number | null;
  /** Simulated time in all. */
  readonly untilMs: number;
  readonly messages: number;
  readonly recipients: number;
  readonly delivered: number;
  readonly failed: number;
  readonly left: number;
  readonly deferrals: number;
  readonly connections: number;
  readonly mostConnections: number;
  readonly bans: number;
  /** Those with most recipients first. */
  readonly domains: readonly DestinationReport[];
  readonly sites: readonly DestinationReport[];
  readonly tenants: readonly TenantReport[];
}

/** Domains and the sites that they are of, as they stand now. */
export function reportOf(reporter: Reporter, seed: number, untilMs: number): SimulationReport {
  const domains = reporter.domains.map((tally) => destination(tally, [tally], untilMs)).sort(bySize);
  const bySite = Map.groupBy(reporter.domains, ({ site }) => site);
  const sites = [...bySite]
    .map(([name, tallies]) => destination(reporter.sites.get(name), tallies, untilMs))
    .sort(bySize);
  const sum = (of: (each: DestinationReport) => number): number =>
    domains.reduce((total, each) => total + of(each), 0);
  const left = reporter.left;
  const lastMs = reporter.domains.reduce((last, { endedMs }) => Math.max(last, endedMs), 0);
  let messages = 0;
  for (const tenant of reporter.tenants.values()) messages += tenant.messages;
  return {
    seed,
    finishedMs: left === 0 ? lastMs : null,
    untilMs,
    messages,
    recipients: sum((each) => each.recipients),
    delivered: sum((each) => each.delivered),
    failed: sum((each) => each.failed),
    left,
    deferrals: sum((each) => each.deferrals),
    connections: reporter.connections,
    mostConnections: reporter.mostOpen,
    bans: sites.reduce((total, { bans }) => total + bans, 0),
    domains,
    sites,
    tenants: [...reporter.tenants.values()].map(tenantOf).sort((a, b) => b.recipients - a.recipients),
  };
}

/** Recipients of the domains, connections of `own` (a domain itself, or a site; undefined: there were none). */
function destination(own: Tally | undefined, tallies: readonly Tally[], untilMs: number): DestinationReport {
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, each) => total + of(each), 0);
  const recipients = sum((each) => each.recipients);
  const delivered = sum((each) => each.delivered);
  const failed = sum((each) => each.failed);
  const left = recipients - delivered - failed;
  const last = Math.max(...tallies.map((each) => each.lastDeliveredMs));
  const firsts = tallies.map((each) => each.firstDeliveredMs).filter((ms) => ms >= 0);
  const firstAtMs = Math.min(...tallies.map((each) => each.firstAtMs));
  const ended = left > 0 ? untilMs : Math.max(...tallies.map((each) => each.endedMs));
  return {
    name: own?.name ?? tallies[0]?.name ?? '',
    site: tallies[0]?.site ?? '',
    domains: tallies.length,
    messages: sum((each) => each.messages),
    recipients,
    delivered,
    failed,
    left,
    deferrals: sum((each) => each.deferrals),
    firstDeliveredMs: firsts.length === 0 ? null : Math.min(...firsts),
    lastDeliveredMs: last < 0 ? null : last,
    finishedMs: left > 0 ? null : ended,
    rate: last < 0 ? 0 : Math.round((delivered / Math.max(last - firstAtMs, 1)) * 100_000) / 100,
    connections: own?.connections ?? 0,
    failedConnections: own?.failedConnections ?? 0,
    mostConnections: own?.mostOpen ?? 0,
    bans: own?.bans ?? 0,
    banned: own?.banned ?? 0,
    boundBy: boundOf(tallies, Math.max(ended - firstAtMs, 1)),
  };
}

function boundOf(tallies: readonly Tally[], spanMs: number): Bound[] {
  const longest = new Map<string, number>();
  for (const { waitedMs } of tallies)
    for (const [what, ms] of waitedMs) longest.set(what, Math.max(longest.get(what) ?? 0, ms));
  return [...longest]
    .map(([by, ms]) => ({ by, share: Math.min(1, Math.round((ms / spanMs) * 1000) / 1000) }))
    .sort((a, b) => b.share - a.share || (a.by < b.by ? -1 : 1));
}

function tenantOf(tenant: Delays): TenantReport {
  const delay = (part: number): number | null => {
    const ms = tenant.quantile(part);
    return ms < 0 ? null : ms;
  };
  const { name, messages, recipients, delivered, failed } = tenant;
  return {
    name,
    messages,
    recipients,
    delivered,
    failed,
    medianDelayMs: delay(0.5),
    p99DelayMs: delay(0.99),
    worstDelayMs: delay(1),
  };
}

function bySize(left: DestinationReport, right: DestinationReport): number {
  return right.recipients - left.recipients || (left.name < right.name ? -1 : 1);
}
