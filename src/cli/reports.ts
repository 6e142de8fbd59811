// `sluice reports`: the reports to other domains about their mail: what became of each, what is in one, and to send one now.

import type { Command } from 'commander';
import type { ReportsAnswer, ShownReport } from '../control/operations/reports.ts';
import { reportKinds, type ReportName } from '../reports/report.ts';
import { configOption, readPlaces } from './config-file.ts';
import { domainArgument } from './domain-argument.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { printText } from './terminal-text.ts';
import { table } from './text-table.ts';
import { ask } from './until-reachable.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
  readonly all?: boolean;
  readonly kind: string;
}

const usualRows = 50;
const allRows = 1_000_000;
const kindText = 'tls: what TLS came to (RFC 8460); dmarc: what DMARC came to (RFC 9990)';

export function register(program: Command): void {
  const reports = program
    .command('reports')
    .description('the reports to other domains about their mail, which programs there read');
  reports
    .command('list', { isDefault: true })
    .description('show what became of the reports about the last days, and which are to be sent')
    .addOption(configOption())
    .option('--all', `show all, and not only ${usualRows}`)
    .option('--json', 'print JSON for programs')
    .action(list);
  reports
    .command('show')
    .description('write a report as it would be sent: JSON about TLS, XML about DMARC')
    .argument('<domain>', 'a policy domain: a domain of recipients, or the base domain of TLSA records')
    .argument('[day]', 'the UTC day, such as 2026-11-29; today if none is given')
    .option('--kind <kind>', kindText, 'tls')
    .addOption(configOption())
    .action(show);
  reports
    .command('send')
    .description('send a report about a day that is over now, whatever became of it before')
    .argument('<domain>', 'a policy domain')
    .argument('<day>', 'the UTC day, such as 2026-11-28')
    .option('--kind <kind>', kindText, 'tls')
    .option('--json', 'print JSON for programs')
    .addOption(configOption())
    .action(send);
}

async function list({ config, json = false, all = false }: Options): Promise<void> {
  const most = all || json ? allRows : usualRows;
  const answer = await ask(readPlaces(config), { operation: 'reports.list', most });
  if (json) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else printText(listText(answer));
}

async function show(domain: string, day: string | undefined, options: Options): Promise<void> {
  const name = nameOf(domain, day ?? new Date().toISOString().slice(0, 10), options.kind);
  const text = await ask(readPlaces(options.config), { operation: 'reports.show', ...name });
  if (text === null) throw nothing(name);
  process.stdout.write(text);
}

async function send(domain: string, day: string, options: Options): Promise<void> {
  const name = nameOf(domain, day, options.kind);
  const sent = await ask(readPlaces(options.config), { operation: 'reports.send', ...name });
  if (sent === null) throw nothing(name);
  if (options.json === true) process.stdout.write(`${JSON.stringify(sent)}\n`);
  else printText(sentText(sent));
  if (sent.state !== 'sent') process.exitCode = exitCodes.failed;
}

function nameOf(domain: string, day: string, kindName: string): ReportName {
  const kind = reportKinds.find((each) => each === kindName);
  if (kind === undefined) throw invalid(`"${kindName}" is no kind of report.`, 'Write tls or dmarc.');
  if (!isDay(day)) throw invalid(`"${day}" is not a day.`, 'Write it as 2026-11-29.');
  return { kind, domain: domainArgument(domain), day };
}

function invalid(text: string, advice: string): CommandError {
  return new CommandError(exitCodes.usage, 'VALUE_INVALID', text, advice);
}

function nothing({ kind, domain, day }: ReportName): CommandError {
  return new CommandError(
    exitCodes.failed,
    'REPORT_EMPTY',
    `Sluice has nothing to report to ${domain} about ${day} (${kind}, UTC), or the day is not over.`,
    'Counts are kept for today and the two days before it; "sluice reports" lists what there is.',
  );
}

function isDay(text: string): boolean {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  // The 31st of a month with 30 days is taken for the day after.
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** What people read of the list. */
export function listText({ reports, total }: ReportsAnswer): string {
  if (reports.length === 0) return 'There is nothing to report.\n';
  const rows = reports.map((each) => [
    each.day,
    each.kind,
    each.domain,
    each.state,
    new Date(each.atMs).toISOString().slice(0, 16),
    detailOf(each),
  ]);
  const more = total - reports.length;
  const rest = more > 0 ? `${more} more: --all shows them\n` : '';
  return `${table(['DAY', 'KIND', 'DOMAIN', 'STATE', 'AT (UTC)', 'WHERE AND WHY'], rows)}${rest}`;
}

function detailOf({ destinations, reason }: ShownReport): string {
  if (destinations.length === 0) return reason === '' ? '-' : reason;
  return destinations
    .map(({ uri, state, detail }) => (state === 'sent' ? uri : `${uri}: ${detail}`))
    .join('; ');
}

function sentText({ domain, state, destinations, reason }: ShownReport): string {
  if (destinations.length === 0) return `Nothing was sent to ${domain}: ${reason}\n`;
  const lines = destinations.map(({ uri, state: each, detail }) => `${each.padEnd(8)} ${uri} (${detail})\n`);
  return `${lines.join('')}${state === 'waiting' ? 'It is tried again later.\n' : ''}`;
}
