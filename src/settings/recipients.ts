// From [[recipients]] to the stage that knows which recipients exist.

import type { CallAheadConfig, Config, RecipientsConfig } from '../config/config.ts';
import type { Directory } from '../directory/types.ts';
import type { Places } from '../io/places.ts';
import { DirectorySource } from '../policy/recipients/directory-source.ts';
import type { FullMailboxes } from '../policy/recipients/full-mailboxes.ts';
import { AliasReports } from '../policy/recipients/alias-reports.ts';
import { ControlRecipients } from '../policy/recipients/control-recipients.ts';
import type { KeptSource, KeptSources } from '../policy/recipients/kept-sources.ts';
import { ProgramTable } from '../table/program-table.ts';
import type { Aliases, RecipientRule } from '../policy/recipients/recipient-rules.ts';
import type { RecipientSource } from '../policy/recipients/recipient-source.ts';
import type { SourceReportsParts } from '../policy/recipients/source-reports.ts';
import { SystemSource } from '../policy/recipients/system-source.ts';
import { TableSource } from '../policy/recipients/table-source.ts';
import { RecipientsStage } from '../policy/stages/recipients-stage.ts';
import type { Table } from '../table/table.ts';
import type { Tables, TablesParts } from '../table/tables.ts';
import { missingTable } from './missing-table.ts';
import { inheritedVariables } from './programs.ts';

export interface RecipientParts {
  readonly tables: Pick<Tables, 'get'>;
  readonly directory: Directory;
  readonly mailboxes: Pick<FullMailboxes, 'replyFor'>;
  /** Those that all listeners of a process share, and that stay over a reload. */
  readonly kept: KeptSources;
  /** The places of a source for its programs. */
  readonly placesOf: (source: {
    readonly name: string;
    readonly programs: number;
    readonly waiting: number;
  }) => Places;
  readonly reports: SourceReportsParts & TablesParts;
  /** Opens what asks other servers. @param config - its rules of TLS and its settings of delivery hold */
  readonly openCallAhead: (settings: CallAheadConfig, config: Config) => KeptSource;
}

/** Undefined where there is no [[recipients]]. */
export function recipientsStage(config: Config, parts: RecipientParts): RecipientsStage | undefined {
  const { recipients } = config;
  if (recipients.length === 0) return undefined;
  return new RecipientsStage(recipients.map((each) => ruleOf(each, config, parts)));
}

function ruleOf(settings: RecipientsConfig, config: Config, parts: RecipientParts): RecipientRule {
  return {
    domains: settings.domain,
    source: sourceOf(settings, config, parts),
    aliases: aliasesOf(settings, config, parts),
    skipsRelayClients: settings.control !== undefined,
  };
}

function aliasesOf(
  { aliases, key, subaddress: separators }: RecipientsConfig,
  { mailboxes }: Pick<Config, 'mailboxes'>,
  { kept, reports, tables }: RecipientParts,
): Aliases | undefined {
  if (aliases === undefined) return undefined;
  const table = tables.get(aliases) ?? missingTable(aliases);
  return {
    table,
    key,
    separators,
    areExpandedHere: aliases === mailboxes.aliases,
    reports: kept.of(`aliases ${aliases}`, () => new AliasReports(reports, aliases)),
  };
}

/** Undefined: there are aliases alone. */
function sourceOf(
  settings: RecipientsConfig,
  config: Config,
  parts: RecipientParts,
): RecipientSource | undefined {
  const { callAhead, control, directory, home, local, program, table } = settings;
  if (callAhead !== undefined) {
    // All that an open connection, or an answer that is kept, depends on.
    const { deliver, dns, hostname, listen, quirk, source, tls } = config;
    const routes = callAhead.primary === true ? [config.route, source] : [];
    const key = JSON.stringify([callAhead, deliver, dns, hostname, listen, quirk, tls, ...routes]);
    return parts.kept.of(`call_ahead ${key}`, () => parts.openCallAhead(callAhead, config));
  }
  if (control !== undefined && home !== undefined)
    return parts.kept.of(`control ${JSON.stringify(settings)}`, () =>
      controlRecipients(control, home, settings, parts),
    );
  if (local === true) return new SystemSource(config.local);
  const { key, subaddress: separators } = settings;
  const rules = { key, separators };
  if (table !== undefined) return new TableSource(parts.tables.get(table) ?? missingTable(table), rules);
  if (program !== undefined) return new TableSource(programTable(program, settings, parts), rules, true);
  return directory === true ? new DirectorySource(parts.directory, rules, parts.mailboxes) : undefined;
}

function controlRecipients(
  path: string,
  home: string,
  settings: RecipientsConfig,
  parts: RecipientParts,
): ControlRecipients {
  return new ControlRecipients({
    path,
    home,
    separators: settings.subaddress,
    programs: programParts(settings, `recipients by ${path}`, parts),
    tables: parts.reports,
    reports: parts.reports,
  });
}

function programTable(program: readonly string[], settings: RecipientsConfig, parts: RecipientParts): Table {
  return new ProgramTable({
    command: program,
    ...programParts(settings, `recipients by ${program.join(' ')}`, parts),
  });
}

/** @param name - for the log, and for the places: no [[stage]] has a blank in its name */
function programParts(
  { timeLimit, cacheTime, programs, waiting }: RecipientsConfig,
  name: string,
  { placesOf, reports }: RecipientParts,
) {
  return {
    environment: inheritedVariables(),
    timeLimitMs: timeLimit,
    keepMs: cacheTime,
    places: placesOf({ name, programs, waiting }),
    nowMs: () => performance.now(),
    complain: (line: string) => reports.log.info(`${name}: ${line}`),
  };
}
