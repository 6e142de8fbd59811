// `sluice status`: how the running Sluice is doing.

import type { Command } from 'commander';
import { controlResult } from '../control/control-client.ts';
import type { Status } from '../control/control-protocol.ts';
import { configOption, readConfig } from './config-file.ts';
import { age, bytes, table } from './table.ts';

/** Sites shown to people; --json has all of them. */
const shownSites = 20;

export function register(program: Command): void {
  program
    .command('status')
    .description('show what the running Sluice is doing: queue, connections, sites')
    .addOption(configOption())
    .option('--json', 'for programs')
    .action(async (options: { config?: string; json?: boolean }) => {
      const { controlSocket } = readConfig(options.config);
      const status = (await controlResult(controlSocket, { operation: 'status' })) as Status;
      process.stdout.write(options.json === true ? `${JSON.stringify(status)}\n` : forPeople(status));
    });
}

function forPeople(status: Status): string {
  const sites = [...status.sites].sort(
    (a, b) => b.connections - a.connections || b.ready - a.ready || b.waiting - a.waiting,
  );
  const head = [
    `Sluice ${status.version}, running for ${age(Date.now() - status.startedAtMs)}`,
    `Queue        ${status.messages} messages, ${status.recipients} recipients`,
    `Since then   ${counted(status.counters)}`,
    `Connections  ${status.connections} in ${status.senders} sender process${status.senders === 1 ? '' : 'es'}`,
    `Spool        ${bytes(status.spool.bytes)} in ${status.spool.segments} segments`,
  ];
  const more = sites.length > shownSites ? `${sites.length - shownSites} more sites: --json shows all\n` : '';
  const rows = sites
    .slice(0, shownSites)
    .map((site) => [
      site.label,
      String(site.connections),
      String(site.active),
      String(site.ready),
      String(site.waiting),
      site.blockedOn,
    ]);
  const list =
    rows.length === 0
      ? ''
      : `\n${table(['SITE', 'CONNECTIONS', 'ACTIVE', 'READY', 'WAITING', 'WAITS FOR'], rows)}`;
  return `${head.join('\n')}\n${list}${more}`;
}

/** Always the same words in the same order, also when nothing happened yet. */
function counted(counters: Status['counters']): string {
  const names = ['received', 'delivered', 'deferred', 'bounced'];
  return names.map((name) => `${counters[name] ?? 0} ${name}`).join(', ');
}
