// From [[recipients]] to the stage that knows which recipients exist.

import type { Config, RecipientsConfig } from '../config/config.ts';
import type { Directory } from '../directory/types.ts';
import type { Places } from '../io/places.ts';
import { directoryTable } from '../policy/recipients/directory-table.ts';
import { ControlRecipients } from '../policy/recipients/control-recipients.ts';
import type { KeptSources } from '../policy/recipients/kept-sources.ts';
import { ProgramTable } from '../policy/recipients/program-table.ts';
import type { RecipientSource } from '../policy/recipients/recipient-source.ts';
import type { SourceReportsParts } from '../policy/recipients/source-reports.ts';
import { TableSource } from '../policy/recipients/table-source.ts';
import { type RecipientRule, RecipientsStage } from '../policy/stages/recipients-stage.ts';
import type { Table } from '../table/table.ts';
import type { Tables, TablesParts } from '../table/tables.ts';
import { missingTable } from './missing-table.ts';
import { inheritedVariables } from './programs.ts';

export interface RecipientParts {
  readonly tables: Pick<Tables, 'get'>;
  readonly directory: Directory;
  /** Those that all listeners of a process share, and that stay over a reload. */
  readonly kept: KeptSources;
  /** The places of a source for its programs. */
  readonly placesOf: (source: {
    readonly name: string;
    readonly programs: number;
    readonly waiting: number;
  }) => Places;
  readonly reports: SourceReportsParts & TablesParts;
}

/** Undefined where there is no [[recipients]]. */
export function recipientsStage(
  { recipients }: Pick<Config, 'recipients'>,
  parts: RecipientParts,
): RecipientsStage | undefined {
  if (recipients.length === 0) return undefined;
  return new RecipientsStage(recipients.map((each) => ruleOf(each, parts)));
}

function ruleOf(settings: RecipientsConfig, parts: RecipientParts): RecipientRule {
  return {
    domains: settings.domain,
    source: sourceOf(settings, parts),
    skipsRelayClients: settings.control !== undefined,
  };
}

function sourceOf(settings: RecipientsConfig, parts: RecipientParts): RecipientSource {
  const { control, home } = settings;
  if (control !== undefined && home !== undefined)
    return parts.kept.of(`control ${JSON.stringify(settings)}`, () =>
      controlRecipients(control, home, settings, parts),
    );
  const { key, subaddress: separators } = settings;
  return new TableSource(tableOf(settings, parts), { key, separators });
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

function tableOf(settings: RecipientsConfig, parts: RecipientParts): Table {
  const { table, program } = settings;
  if (table !== undefined) return parts.tables.get(table) ?? missingTable(table);
  if (program === undefined) return directoryTable(parts.directory);
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
