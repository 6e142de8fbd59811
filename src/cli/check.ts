// `sluice check`: prints every problem of the configuration with its place, or a short summary of a correct one.

import type { Command } from 'commander';

import { ConfigError, type ConfigProblem } from '../config/read/config-error.ts';
import { placedText, placeWarnings } from '../config/read/config-warning.ts';
import { type Config, defaultConfig, loadConfig } from '../config/config.ts';
import { findConfigFile } from '../config/read/find-config.ts';
import { formatListenAddress } from '../values/listen-address.ts';
import { archiveWarnings } from './archive-warnings.ts';
import { configWarnings } from '../config/check/warnings.ts';
import { backupLifetimeMs } from '../settings/mail-schedules.ts';
import { limitRules } from '../settings/settings.ts';
import { formatDomainPattern } from '../values/domain.ts';
import { formatDuration } from '../values/duration.ts';
import { aliasProblems } from './alias-problems.ts';
import { backupProblems } from './backup-problems.ts';
import { certificateProblems } from './certificate-problems.ts';
import { directoryProblems } from './directory-problems.ts';
import { issuerProblems } from './issuer-problems.ts';
import { exitCodes } from './exit-codes.ts';
import { mailboxProblems } from './mailbox-problems.ts';
import { routeSourceProblems } from './route-source-problems.ts';
import { secretProblems } from './secret-problems.ts';
import { pluginProblems } from './plugin-problems.ts';
import { provisioningProblems } from './provisioning-problems.ts';
import { reportProblems } from './report-problems.ts';
import { signingProblems } from './signing-problems.ts';
import { srsProblems } from './srs-problems.ts';
import { stageFileProblems } from './stage-file-problems.ts';
import { surroundings } from './surroundings.ts';
import { unreadTapFiles } from './tap-file-problems.ts';
import { userWarnings } from './user-warnings.ts';
import { recipientProblems } from './recipient-problems.ts';
import { systemUserProblems } from './system-user-problems.ts';
import { tableProblems } from './table-problems.ts';

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('check')
    .description('check the configuration without using it')
    .argument('[file]', 'the file to check instead of the one that would be used')
    .option('-c, --config <file>', 'the same as the argument')
    .option('--json', 'print one JSON object for programs, with ok, problems and warnings')
    .action(
      async (file: string | undefined, options: { readonly config?: string; readonly json?: boolean }) => {
        const { text, ok } = await check(file ?? options.config, options.json === true);
        (ok || options.json === true ? process.stdout : process.stderr).write(text);
        if (!ok) process.exitCode = exitCodes.config;
      },
    );
}

async function check(
  named: string | undefined,
  json: boolean,
): Promise<{ readonly text: string; readonly ok: boolean }> {
  const file = findConfigFile(named);
  let config: Config;
  try {
    config = file === undefined ? defaultConfig() : loadConfig(file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { problems, advice } = error;
    return { text: json ? jsonText(problems, []) : `${problemsText(problems)} ${advice}\n`, ok: false };
  }
  const ofCertificates = certificateProblems(config, Date.now());
  const ofPlugins = await pluginProblems(config);
  const ofTaps = unreadTapFiles(config).filter(({ isDenied }) => !isDenied);
  const problems = placeWarnings([...ofCertificates.problems, ...ofTaps, ...ofPlugins.problems], file);
  const warnings = placeWarnings(
    [
      ...configWarnings(config),
      ...userWarnings(config),
      ...(await archiveWarnings(config)),
      ...mailboxProblems(config),
      ...(await surroundings(config)),
      ...(await tableProblems(config)),
      ...(await routeSourceProblems(config)),
      ...(await recipientProblems(config)),
      ...(await systemUserProblems(config)),
      ...(await backupProblems(config)),
      ...(await aliasProblems(config)),
      ...(await provisioningProblems(config)),
      ...(await stageFileProblems(config)),
      ...(await directoryProblems(config)),
      ...(await issuerProblems(config)),
      ...(await signingProblems(config)),
      ...reportProblems(config),
      ...secretProblems(config),
      ...srsProblems(config),
      ...ofCertificates.warnings,
      ...ofPlugins.warnings,
    ],
    file,
  );
  const ok = problems.length === 0;
  if (json) return { text: jsonText(problems, warnings), ok };
  if (ok) return { text: summary(file, config, warnings), ok };
  const then = consequence(ofCertificates.problems.length > 0, ofTaps.length > 0);
  const lines = [...warnings.map(warningText), `${problemsText(problems)} Until this is corrected, ${then}.`];
  return { text: `${lines.join('\n')}\n`, ok };
}

/** A start goes on with a plugin or a file of taps that cannot be used: it is tried again, and what does not need it must not be held up. */
function consequence(ofCertificates: boolean, ofTaps: boolean): string {
  if (ofCertificates) return 'Sluice does not start, and a running Sluice refuses to reload';
  if (ofTaps)
    return 'all mail is answered 451 after a start, and a running Sluice refuses to begin with such a file';
  return 'what these plugins are asked fails after a start, and a running Sluice refuses to begin with them; one that has loaded them before goes on with that version until a restart';
}

function jsonText(problems: readonly ConfigProblem[], warnings: readonly ConfigProblem[]): string {
  return `${JSON.stringify({ ok: problems.length === 0, problems, warnings })}\n`;
}

function problemsText(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return `${problems.map(placedText).join('\n')}\n${count} found.`;
}

function warningText(warning: ConfigProblem): string {
  return `warning: ${placedText(warning)}`;
}

function summary(file: string | undefined, config: Config, warnings: readonly ConfigProblem[]): string {
  const head =
    file === undefined
      ? 'There is no configuration file: these are the defaults.'
      : `${file}: no problems found.`;
  const { receive } = config;
  const networks = receive.relayNetworks.map(({ address, prefix }) => `${address}/${prefix}`).join(', ');
  const domains = receive.relayDomains.length;
  const rows = [
    ...config.fragments.map((fragment, index) => [index === 0 ? 'with' : '', fragment]),
    ['hostname', config.hostname],
    ['listens on', config.listen.map(({ address }) => formatListenAddress(address)).join(', ')],
    ['relays', networks === '' ? 'for no network' : `from ${networks} to anywhere`],
    [
      '',
      domains === 0
        ? 'from elsewhere to nowhere'
        : `from elsewhere to ${domains} domain pattern${domains === 1 ? '' : 's'}`,
    ],
    ...(config.clients.rules === undefined
      ? []
      : [['clients', `by the rules of the table "${config.clients.rules}"`]]),
    ['routes', routesText(config)],
    ...backupRows(config),
    ...shapingRows(config),
    ['spool', config.spool],
  ];
  const lines = rows.map(([name = '', value = '']) => `  ${name.padEnd(11)} ${value}`);
  return `${[head, ...lines, ...warnings.map(warningText)].join('\n')}\n`;
}

/** The domains whose backup MX this server is, and how long their mail waits. */
function backupRows({ queue, route }: Config): string[][] {
  return route.flatMap(({ backup, domain }) =>
    backup === undefined
      ? []
      : [
          [
            'backup MX',
            `of ${domain.map(formatDomainPattern).join(', ')}, whose mail waits up to ${formatDuration(backupLifetimeMs(backup, queue))}`,
          ],
        ],
  );
}

/** How mail is shaped: the limits always, tenants and sources if there are any. */
function shapingRows(config: Config): string[][] {
  const builtIn = limitRules(config)
    .filter(({ origin }) => origin === 'built in')
    .map(({ per, connections }) => `${connections} per ${per.join(', ')}`);
  const { limit, sendingLimit, tenant, source } = config;
  const limits = [
    ...(limit.length === 0 ? [] : [`${limit.length} in the file`]),
    ...(builtIn.length === 0 ? [] : [`built in: ${builtIn.join(', ')}`]),
  ];
  return [
    ['limits', limits.join('; ')],
    ...(sendingLimit.length === 0 ? [] : [['sending', `${sendingLimit.length} limits`]]),
    ...(tenant.length === 0 ? [] : [['tenants', `${tenant.length}`]]),
    ...source.map(({ address, heloName }, index) => [
      index === 0 ? 'sends from' : '',
      `${address} as ${heloName}`,
    ]),
  ];
}

function routesText({ route, routeTable }: Config): string {
  const tables = [...new Set(routeTable.map(({ table }) => table))].join(', ');
  const byTables =
    tables === '' ? [] : [`by ${routeTable.length === 1 ? 'the table' : 'the tables'} ${tables}`];
  const hasDefault = route.some(
    ({ conditions, domain, sender }) =>
      conditions === undefined && domain.length === 0 && sender.length === 0,
  );
  const others = hasDefault ? 'one of them for all other mail' : 'other mail by MX';
  const parts = [...byTables, ...(route.length === 0 ? [] : [`${route.length} in the file`])];
  return parts.length === 0 ? 'all mail by MX' : [...parts, others].join(', ');
}
