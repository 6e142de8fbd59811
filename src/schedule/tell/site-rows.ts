// The live view: a row for each site with work or connections. Counted route by route, and put into words only for the
// rows that are asked for: with 100,000 sites that is what takes time.

import { tasksOnTheWay } from '../reserve/on-the-way.ts';
import { recipientsOf } from '../work/lifecycle.ts';
import type { State } from '../state.ts';
import type { SiteOrder, SiteStatus } from '../types.ts';
import { blockersOf } from './view.ts';

interface Row {
  readonly site: string;
  readonly label: string;
  connections: number;
  waiting: number;
  ready: number;
  active: number;
  /** One of its routes with ready work; -1: none. */
  route: number;
}

/** Work whose site is not known has a row per route. */
export function siteRows(s: State, most: number, order: SiteOrder | undefined): SiteStatus[] {
  const rows = countedRows(s);
  if (order !== undefined) rows.sort(orders[order]);
  return rows
    .slice(0, most)
    .map(({ route, ...row }): SiteStatus =>
      Object.assign(row, { blockedOn: route < 0 ? '' : blockersOf(s, route) }),
    );
}

export function siteCount(s: State): number {
  return countedRows(s).length;
}

const orders: Readonly<Record<SiteOrder, (left: Row, right: Row) => number>> = {
  connections: (left, right) =>
    right.connections - left.connections || right.ready - left.ready || right.waiting - left.waiting,
  waiting: (left, right) =>
    right.ready - left.ready || right.waiting - left.waiting || right.connections - left.connections,
  name: (left, right) => (left.label < right.label ? -1 : 1),
};

function countedRows(s: State): Row[] {
  const { connections, recipients, routes, sites } = s;
  const bySite: (Row | undefined)[] = [];
  const rows: Row[] = [];
  let hasPolicies = false;
  const rowOfSite = (site: number): Row => {
    const known = bySite[site];
    if (known !== undefined) return known;
    const { site: key, label, security } = sites.planOf(site);
    if (security !== undefined) hasPolicies = true;
    const row = newRow(key, label);
    row.connections = sites.connections.get(site);
    bySite[site] = row;
    rows.push(row);
    return row;
  };
  const inFlight = new Map<number, number>();
  for (let connection = 0; connection < connections.end; connection++) {
    if (!connections.isLive(connection)) continue;
    const row = rowOfSite(connections.site.get(connection));
    for (const recipient of tasksOnTheWay(s, connection).flatMap((task) => recipientsOf(s, task))) {
      const route = recipients.route.get(recipient);
      inFlight.set(route, (inFlight.get(route) ?? 0) + 1);
      row.active++;
    }
  }
  for (let route = 0; route < routes.end; route++) {
    if (!routes.isKnown(route)) continue;
    const staying = routes.recipients.get(route) - (inFlight.get(route) ?? 0);
    const ready = routes.ready.get(route);
    if (staying === 0 && ready === 0) continue;
    const site = routes.site.get(route);
    const row = site < 0 ? newRow(routes.keyOf(route), routes.domainOf(route)) : rowOfSite(site);
    if (site < 0) rows.push(row);
    row.ready += ready;
    row.waiting += staying - ready;
    if (ready > 0 && row.route < 0) row.route = route;
  }
  return hasPolicies ? mergedRows(rows) : rows;
}

/** One row for each name: domains of a site with other TLS policies have sites of their own in the store, and people see one. */
function mergedRows(rows: readonly Row[]): Row[] {
  const byName = new Map<string, Row>();
  for (const row of rows) {
    const same = byName.get(row.site);
    if (same === undefined) {
      byName.set(row.site, row);
      continue;
    }
    same.connections += row.connections;
    same.waiting += row.waiting;
    same.ready += row.ready;
    same.active += row.active;
    if (same.route < 0) same.route = row.route;
  }
  return [...byName.values()];
}

function newRow(site: string, label: string): Row {
  return { site, label, connections: 0, waiting: 0, ready: 0, active: 0, route: -1 };
}
