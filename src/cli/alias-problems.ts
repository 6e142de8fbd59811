// Which aliases of [[recipients]] lead nowhere, for `sluice check`: they are followed as for mail, each from its line of the table. Mailboxes that only a
// program, another server, the system or the directory of a running Sluice knows are taken to exist.

import { open } from 'node:fs/promises';
import type { Config, RecipientsConfig } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { AliasWalk } from '../policy/recipients/alias-walk.ts';
import { type Aliases, type RecipientRule, RecipientRules } from '../policy/recipients/recipient-rules.ts';
import { askedRecipient, exists, type RecipientSource } from '../policy/recipients/recipient-source.ts';
import { TableSource } from '../policy/recipients/table-source.ts';
import { readRecords } from '../table/cdb/all-records.ts';
import type { Contents } from '../table/contents.ts';
import { aliasesForm } from '../table/kinds/aliases.ts';
import { keyValueForm } from '../table/kinds/key-value.ts';
import { readTable } from '../table/read-table.ts';
import { TableError } from '../table/table-error.ts';
import { readEntries } from '../table/text-entries.ts';

/** More are counted. */
const mostShown = 20;
/** At a catch-all entry, a name that no mailbox has. */
const nobody = 'sluicecheck0nobody';

const elsewhere: RecipientSource = { find: () => exists };
const silent: Aliases['reports'] = { failed: () => undefined, worked: () => undefined };

type TableSettings = Config['table'][number];

/** An alias as it is written. */
interface Entry {
  /** In the form of `tableKey`. */
  readonly key: string;
  /** Undefined where the file has no lines. */
  readonly line: number | undefined;
}

/** Reads each table of aliases once, and follows what is in it. */
export async function aliasProblems({
  recipients,
  table,
  mailboxes,
}: Pick<Config, 'recipients' | 'table' | 'mailboxes'>): Promise<ConfigWarning[]> {
  if (!recipients.some(({ aliases }) => aliases !== undefined)) return [];
  const opened = new Map<string, Contents>();
  try {
    for (const settings of table) {
      const isAsked = recipients.some((each) => [each.table, each.aliases].includes(settings.name));
      const contents = isAsked ? await contentsOf(settings) : undefined;
      if (contents !== undefined) opened.set(settings.name, contents);
    }
    const all = recipients.map((each) => ruleOf(each, opened, mailboxes.aliases));
    const rules = new RecipientRules(all);
    const found: ConfigWarning[] = [];
    for (const [index, rule] of all.entries()) {
      const settings = table.find(({ name }) => name === recipients[index]?.aliases);
      if (settings === undefined || !opened.has(settings.name)) continue;
      const path = ['recipients', index, 'aliases'];
      const messages = await problemsOf(rule, rules, settings);
      for (const message of messages.slice(0, mostShown)) found.push({ path, message });
      const more = messages.length - mostShown;
      if (more > 0) found.push({ path, message: `${settings.path}: ${more} more aliases like these` });
    }
    return found;
  } finally {
    for (const contents of opened.values()) await contents.close();
  }
}

/** Undefined: it cannot be read, which is told with the table. */
async function contentsOf(settings: TableSettings): Promise<Contents | undefined> {
  try {
    return await readTable(settings);
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    return undefined;
  }
}

function ruleOf(
  {
    domain,
    table,
    aliases,
    key,
    subaddress: separators,
    directory,
    local,
    program,
    callAhead,
    control,
  }: RecipientsConfig,
  opened: ReadonlyMap<string, Contents>,
  expandedHere: string | undefined,
): RecipientRule {
  const ofTable = table === undefined ? undefined : opened.get(table);
  const ofAliases = aliases === undefined ? undefined : opened.get(aliases);
  const knowsElsewhere =
    [table, directory, program, callAhead, control].some((each) => each !== undefined) || local === true;
  return {
    domains: domain,
    source:
      ofTable === undefined
        ? knowsElsewhere
          ? elsewhere
          : undefined
        : new TableSource({ name: table ?? '', lookup: (keys) => ofTable.lookup(keys) }, { key, separators }),
    aliases:
      ofAliases === undefined
        ? undefined
        : {
            table: { name: aliases ?? '', lookup: (keys) => ofAliases.lookup(keys) },
            key,
            separators,
            areExpandedHere: aliases === expandedHere,
            reports: silent,
          },
  };
}

/** @returns a sentence for each alias that leads nowhere, with its place */
async function problemsOf(
  rule: RecipientRule,
  rules: RecipientRules,
  settings: TableSettings,
): Promise<readonly string[]> {
  const { aliases } = rule;
  if (aliases === undefined) return [];
  const messages: string[] = [];
  for (const { key, line } of await entriesOf(settings)) {
    for (const address of addressesOf(key, rule)) {
      const domain = address.slice(address.lastIndexOf('@') + 1);
      // The table may be that of other domains, too.
      if (rules.of(domain) !== rule) continue;
      let message: string | undefined;
      const failed = (_alias: string, text: string): void => {
        message ??= text;
      };
      const reports = { failed, worked: () => undefined };
      await new AliasWalk(rules).find(askedRecipient(address, domain), rule, { ...aliases, reports });
      if (message === undefined) continue;
      messages.push(`${settings.path}${line === undefined ? '' : `, line ${line}`}: ${message}`);
      break;
    }
  }
  return messages;
}

/** The addresses that an alias is for: at each domain, where it is a name alone. */
function addressesOf(key: string, { aliases, domains = [] }: RecipientRule): readonly string[] {
  if (aliases?.key === 'local_part')
    return domains.flatMap(({ kind, domain }) => (kind === 'exact' ? [`${key}@${domain}`] : []));
  if (!key.includes('@')) return [];
  return [key.startsWith('@') ? `${nobody}${key}` : key];
}

/** The first line of each alias. Of tables that are asked by a query, nobody knows the keys. */
async function entriesOf(settings: TableSettings): Promise<readonly Entry[]> {
  const first = new Map<string, number | undefined>();
  const take = (key: Buffer, _value: Buffer, line?: number): void => {
    const text = key.toString();
    if (!first.has(text)) first.set(text, line);
  };
  const kind = settings.kind;
  if (kind !== 'key-value' && kind !== 'aliases' && kind !== 'cdb') return [];
  const handle = await open(settings.path);
  try {
    if (kind === 'cdb') await readRecords(handle, take);
    // What cannot be read is told with the table.
    else await readEntries(handle, kind === 'aliases' ? aliasesForm : keyValueForm, take, () => undefined);
  } finally {
    await handle.close();
  }
  return [...first].map(([key, line]) => ({ key, line }));
}
