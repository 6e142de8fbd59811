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
    if (key.defaultToml !== undefined && !table.isList && !table.isInList)
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
      .filter((table) => table.isList)
      .map(({ path }) => {
        const items = itemsOf(path);
        return [path, Array.isArray(items) ? items : []];
      }),
  );
}

interface Entry {
  readonly value: string;
  /** Shown after the description; may be empty. */
  readonly note: string;
  /** Commented out, since it is not in force. */
  readonly comment?: boolean;
}

/** @param lists - the items of lists of tables, which are printed instead of one table with descriptions */
function render(
  entryOf: (table: TableDescription, key: KeyDescription) => Entry,
  lists: readonly (readonly [path: string, items: readonly unknown[]])[],
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

function renderItems(table: TableDescription, items: readonly unknown[]): string {
  return items
    .filter((item): item is object => typeof item === 'object' && item !== null)
    .map((item) =>
      [
        heading(table, false),
        ...Object.entries(item).map(([key, value]) => `${key} = ${tomlValue(value)}`),
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
