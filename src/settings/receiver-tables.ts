// The [[table]]s that processes which receive mail read: those that only say where mail goes are for the manager alone.

import type { Config } from '../config/config.ts';

export function receiverTables({
  table,
  routeTable,
  clients,
  recipients,
  rewrite,
  provisioning,
}: Pick<
  Config,
  'table' | 'routeTable' | 'clients' | 'recipients' | 'rewrite' | 'provisioning'
>): Config['table'] {
  if (routeTable.length === 0) return table;
  const ofRoutes = new Set(routeTable.flatMap((each) => (each.from === undefined ? [each.table] : [])));
  const asked = new Set([
    clients.rules,
    provisioning.table,
    ...recipients.flatMap((each) => [each.table, each.aliases]),
    ...rewrite.map((each) => ('table' in each ? each.table : undefined)),
  ]);
  return table.filter(({ name }) => !ofRoutes.has(name) || asked.has(name));
}
