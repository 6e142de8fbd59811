// Sites with work or connections, one line each.

import type { SiteRow } from '../control/operations/status.ts';
import { table } from './text-table.ts';

export function sitesTable(sites: readonly SiteRow[]): string {
  return table(
    ['SITE', 'CONNECTIONS', 'ACTIVE', 'READY', 'WAITING', 'WAITS FOR'],
    sites.map((site) => [
      site.label,
      String(site.connections),
      String(site.active),
      String(site.ready),
      String(site.waiting),
      site.blockedOn,
    ]),
  );
}
