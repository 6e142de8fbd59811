// Prints a configuration as TOML, with the description of every key: the defaults, or what is in force.
// Promises: the output is a valid configuration file with the same values.

import type { Config } from '../config.ts';
import { describeConfig, type KeyDescription, type TableDescription } from './describe.ts';
import type { TomlSource } from '../read/toml.ts';
import { tomlValue } from '../read/toml-value.ts';
import { formatListenAddress } from '../../values/listen-address.ts';

const width = 100;

/** Every key with its default and its meaning; keys without a default are commented out. */
export function renderDefaults(): string {
  return render((table, key) => {
    if (table.path === 'listen' && (key.defaultToml !== undefined || key.defaultText === '')) {
      return { value: key.defaultToml ?? key.example, note: '' };
    }
    if (key.defaultToml !== undefined && !table.isList && !table.isNamed && !table.isInList)
      return { value: key.defaultToml, note: '' };
    const fallback = key.defaultToml ?? key.example;
    const note = key.defaultText === '' ? 'Not set.' : `Default: ${key.defaultText}.`;
    return { value: fallback, note: key.defaultToml === undefined ? note : '', comment: true };
  }, []);
}

/**
 * Every key with the value that is in force.
 * @param source - the file that `config` came from; undefined for the defaults
 */
export function renderInForce(config: Config, source: TomlSource | undefined): string {
  const derived: Readonly<Record<string, string>> = {
    hostname: tomlValue(config.hostname),
    'deliver.helo_name': tomlValue(config.deliver.heloName),
    'bounce.from': tomlValue(config.bounce.from),
    'receive.client_limits_exempt': tomlValue(
      config.receive.clientLimitsExempt.map((network) => `${network.address}/${network.prefix}`),
    ),
  };
  const itemsOf = (path: string): unknown => {
    const given = source?.value[path];
    if (path !== 'listen') return given;
    return given ?? config.listen.map(({ address }) => ({ address: formatListenAddress(address) }));
  };
  return render(
    (table, key) => {
      const given = valueAt(source?.value, table.path, key.name);
      if (given !== undefined) return { value: tomlValue(given), note: '' };
      const value = key.defaultToml ?? derived[table.path === '' ? key.name : `${table.path}.${key.name}`];
      // What an item of a list has of it stands in the item.
      if (value !== undefined) return { value, note: '', comment: table.isInList };
      return {
        value: key.example,
        note: key.defaultText === '' ? 'Not set.' : `Not set: ${key.defaultText}.`,
        comment: true,
      };
    },
    describeConfig()
      .filter((table) => table.isList || table.isNamed)
      .map(({ path, isNamed }) => [
        path,
        isNamed ? namedItems(source, path) : listItems(itemsOf(path), path),
      ]),
  );
}

interface Entry {
  readonly value: string;
  /** Shown after the description; may be empty. */
  readonly note: string;
  /** Commented out, since it is not in force. */
  readonly comment?: boolean;
}

/** An item of a list of tables, or one of the tables with names. */
interface Item {
  readonly title: string;
  readonly value: unknown;
}

function listItems(items: unknown, path: string): Item[] {
  return Array.isArray(items) ? items.map((value: unknown) => ({ title: `[[${path}]]`, value })) : [];
}

/** @param path - `queues.NAME` */
function namedItems(source: TomlSource | undefined, path: string): Item[] {
  const above = path.slice(0, path.lastIndexOf('.'));
  const tables = source?.value[above];
  if (typeof tables !== 'object' || tables === null) return [];
  return Object.entries(tables).map(([name, value]) => ({ title: `[${above}.${name}]`, value }));
}

/** @param lists - the items of lists of tables, which are printed instead of one table with descriptions */
function render(
  entryOf: (table: TableDescription, key: KeyDescription) => Entry,
  lists: readonly (readonly [path: string, items: readonly Item[]])[],
): string {
  const items = new Map(lists);
  const blocks: string[] = [];
  for (const table of describeConfig()) {
    const given = items.get(table.path);
    blocks.push(given === undefined ? renderTable(table, entryOf) : renderItems(table, given));
  }
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function renderTable(
  table: TableDescription,
  entryOf: (table: TableDescription, key: KeyDescription) => Entry,
): string {
  const entries = table.keys.map((key) => ({ key, entry: entryOf(table, key) }));
  const allCommented = entries.every(({ entry }) => entry.comment === true);
  const blocks: string[] = [];
  if (table.path !== '') blocks.push(heading(table, allCommented));
  for (const { key, entry } of entries) {
    const words = [key.description, entry.note].filter((part) => part !== '').join(' ');
    const line = `${key.name} = ${entry.value}`;
    blocks.push(`${comment(words)}\n${entry.comment === true ? `#${line}` : line}`);
  }
  return blocks.join('\n\n');
}

function renderItems(table: TableDescription, items: readonly Item[]): string {
  return items
    .flatMap(({ title, value }) => (typeof value === 'object' && value !== null ? [{ title, value }] : []))
    .map(({ title, value }) =>
      [
        `${comment(table.description)}\n${title}`,
        ...Object.entries(value).map(([key, value]) => `${key} = ${tomlValue(value)}`),
      ].join('\n'),
    )
    .join('\n\n');
}

function heading(table: TableDescription, commented: boolean): string {
  const name = table.isList ? `[[${table.path}]]` : `[${table.path}]`;
  return `${comment(table.description)}\n${commented ? `#${name}` : name}`;
}

function valueAt(value: Readonly<Record<string, unknown>> | undefined, path: string, key: string): unknown {
  let at: unknown = value;
  for (const part of [...(path === '' ? [] : path.split('.')), key]) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

/** Wraps a text into comment lines. */
function comment(words: string): string {
  const lines: string[] = [];
  let line = '#';
  for (const word of words.split(' ')) {
    if (line.length + 1 + word.length > width && line !== '#') {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  lines.push(line);
  return lines.join('\n');
}
