// `sluice status`: how the running Sluice is doing.

import { type Command, Option } from 'commander';
import type { TenantCount } from '../control/operations/common.ts';
import type { Status, StatusAnswer, StatusQuestion } from '../control/operations/status.ts';
import { askStatus } from '../control/status-client.ts';
import type { ReportedTrouble } from '../stats/trouble-board.ts';
import { configOption, findPlaces, readPlaces } from './config-file.ts';
import { healthCheck } from './health-check.ts';
import { overridesTable } from './override-options.ts';
import { queuesTable } from './queues-table.ts';
import { sitesTable } from './sites-table.ts';
import { age, bytes, table } from './text-table.ts';
import { printText } from './terminal-text.ts';
import { untilReachable } from './until-reachable.ts';

/** Sites shown to people; --json has all of them. */
const shownSites = 20;

export function register(program: Command): void {
  program
    .command('status')
    .description('show what the running Sluice is doing: queue, connections, sites')
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .addOption(
      new Option(
        '--check',
        'for monitoring: one line, and exit code 0 (OK), 1 (warning), 2 (critical) or 3 (unknown)',
      ).conflicts('json'),
    )
    .action(
      async (options: { readonly config?: string; readonly json?: boolean; readonly check?: boolean }) => {
        if (options.check === true) {
          const { line, code } = await healthCheck(() => findPlaces(options.config));
          process.stdout.write(`${line}\n`);
          process.exitCode = code;
          return;
        }
        const config = readPlaces(options.config);
        const json = options.json === true;
        const question: StatusQuestion = {
          tenants: true,
          ...(!json && { sites: shownSites, order: 'connections' }),
        };
        const status = await untilReachable(config, () => askStatus(config, question));
        if (json) process.stdout.write(`${JSON.stringify(status)}\n`);
        else printText(statusText(status));
      },
    );
}

function statusText(status: StatusAnswer): string {
  const troubles = troublesText(status.troubles, status.nowMs);
  if (status.kind === 'without-manager') return `Sluice ${status.version}\n${troubles}`;
  if (status.kind === 'of-queue')
    return `Sluice ${status.version}\n${troubles}\n${queuesTable(status.byQueue, status.nowMs)}`;
  return numbersText(status, troubles);
}

/** Troubles come right after the first line: people look for them first. */
function troublesText(troubles: readonly ReportedTrouble[], nowMs: number): string {
  const lines = troubles.map(
    ({ level, text, advice, processes, sinceMs }) =>
      `${(level === 'critical' ? 'CRITICAL' : 'Warning').padEnd(12)} ${text} ` +
      `(${processes.join(', ')}, for ${age(nowMs - sinceMs)})\n${' '.repeat(13)}${advice}\n`,
  );
  return lines.join('');
}

function numbersText(status: Status, troubles: string): string {
  const head = [
    `Sluice ${status.version}, running for ${age(status.nowMs - status.startedAtMs)}`,
    ...(troubles === '' ? [] : [troubles.trimEnd()]),
    `Queue        ${status.messages} messages, ${status.recipients} recipients`,
    `Since then   ${counted(status.counters)}`,
    ...rolesText(status.roles),
    ...stagesText(status.stages),
    `Connections  ${status.connections} in ${status.senders} sender process${status.senders === 1 ? '' : 'es'}`,
    ...certificatesText(status.certificates),
    ...quarantineText(status.quarantine),
    ...quotasText(status),
    `Spool        ${bytes(status.spool.bytes)} in ${status.spool.segments} segments`,
  ];
  const { overrides, nowMs } = status;
  const changes = overrides.length === 0 ? '' : `\n${overridesTable(overrides, nowMs)}`;
  const tenants = tenantsText(status.tenants ?? []);
  const byQueue = queuesTable(status.byQueue, nowMs);
  const queues = byQueue === '' ? '' : `\n${byQueue}`;
  const hidden = status.siteCount - status.sites.length;
  const more = hidden > 0 ? `${hidden} more sites: --json shows all\n` : '';
  const sites = status.sites.length === 0 ? '' : `\n${sitesTable(status.sites)}`;
  return `${head.join('\n')}\n${changes}${queues}${tenants}${sites}${more}`;
}

function certificatesText(certificates: Status['certificates']): string[] {
  if (certificates === undefined) return [];
  const { count, isSelfSigned, firstEndMs } = certificates;
  const end = new Date(firstEndMs).toISOString().slice(0, 10);
  if (isSelfSigned)
    return ['TLS          a certificate that Sluice signed itself: there is no [[certificate]]'];
  return [
    `TLS          ${count === 1 ? '1 certificate, until' : `${count} certificates, the first ends on`} ${end}`,
  ];
}

/** What is in quarantine; nothing where it is empty and not limited. */
function quarantineText(quarantine: Status['quarantine']): string[] {
  if (quarantine === undefined) return [];
  const { tenants, ...all } = quarantine;
  const isShown = ({ messages, maxMessages, maxBytes }: typeof all): boolean =>
    messages > 0 || maxMessages !== undefined || maxBytes !== undefined;
  const limited = tenants.filter(
    ({ maxMessages, maxBytes }) => maxMessages !== undefined || maxBytes !== undefined,
  );
  if (!isShown(all) && limited.length === 0) return [];
  return [
    `Quarantine   ${heldText(all)}`,
    ...limited.map(({ tenant, ...held }) => `             tenant ${tenant}: ${heldText(held)}`),
  ];
}

/** Tenants with a queue quota, and queues with a quota of their own. */
function quotasText({ queues = [], queueRooms = [] }: Pick<Status, 'queues' | 'queueRooms'>): string[] {
  const all = [
    ...queues.map(({ tenant, ...held }) => `tenant ${tenant}: ${heldText(held)}`),
    ...queueRooms.map(({ queue, ...held }) => `queue ${queue}: ${heldText(held)}`),
  ];
  return all.map((text, at) => `${at === 0 ? 'Quotas' : ''}`.padEnd(13) + text);
}

function heldText({
  messages,
  bytes: held,
  maxMessages,
  maxBytes,
}: Omit<NonNullable<Status['quarantine']>, 'tenants'>): string {
  const count = maxMessages === undefined ? `${messages}` : `${messages} of ${maxMessages}`;
  const size = maxBytes === undefined ? bytes(held) : `${bytes(held)} of ${bytes(maxBytes)}`;
  return `${count} messages, ${size}`;
}

/** A table of the tenants; empty when there are none. */
function tenantsText(counts: readonly TenantCount[]): string {
  if (counts.every(({ tenant }) => tenant === '')) return '';
  const rows = counts.map(({ tenant, active, ready, waiting }) => [
    tenant === '' ? '(no tenant)' : tenant,
    String(active),
    String(ready),
    String(waiting),
  ]);
  return `\n${table(['TENANT', 'ACTIVE', 'READY', 'WAITING'], rows)}`;
}

/** What receivers and senders counted, each since its process was started. */
function rolesText(roles: Status['roles']): string[] {
  if (roles === undefined) return [];
  const words = (counts: Readonly<Record<string, number>>, names: readonly string[]): string =>
    names.map((name) => `${counts[name] ?? 0} ${name}`).join(', ');
  // Shown when there are any: most hosts have no load balancer, and nobody who guesses addresses.
  const failed = ['handshakeFailed', 'proxyHeaderFailed', 'guessing'].filter(
    (name) => (roles.receiver[name] ?? 0) > 0,
  );
  const full = (roles.sender['overQuota'] ?? 0) > 0 ? ['overQuota'] : [];
  return [
    `Receivers    ${words(roles.receiver, ['received', 'rejected', 'discarded', 'secured', ...failed])}`,
    `Senders      ${words(roles.sender, ['delivered', 'secured', 'clear', 'tlsFailed', ...full])}`,
    ...(roles.pop3 === undefined
      ? []
      : [`POP3         ${words(roles.pop3, ['authenticated', 'authenticationFailed', 'pop3Session'])}`]),
  ];
}

/** What each [[stage]] has answered. */
function stagesText(stages: Status['stages']): string[] {
  const words = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([word, count]) => `${count} ${word}`)
      .join(', ');
  return (stages ?? []).map(({ stage, answered, tested }, index) => {
    const test = words(tested);
    const all = [words(answered), ...(test === '' ? [] : [`only tested: ${test}`])];
    const told = all.filter((part) => part !== '').join('; ');
    return `${index === 0 ? 'Stages' : ''}`.padEnd(13) + `${stage}: ${told}`;
  });
}

/** Always the same words in the same order, also when all are 0. */
function counted(counters: Status['counters']): string {
  const names = ['received', 'delivered', 'deferred', 'bounced'];
  return names.map((name) => `${counters[name] ?? 0} ${name}`).join(', ');
}
