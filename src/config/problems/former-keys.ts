// Keys and words of earlier versions: whoever still has one is told what to write instead.

import type { Path } from '../read/toml.ts';
import { tomlValue } from '../read/toml-value.ts';

function limitPer(per: string) {
  return (value: unknown) =>
    `is a table of its own now: [[limit]] with per = "${per}" and connections = ${tomlValue(value)}`;
}

const formerKeys: ReadonlyMap<string, (value: unknown) => string> = new Map([
  ['deliver.connections_per_domain', limitPer('domain')],
  ['deliver.connections_per_site', limitPer('site')],
  ['deliver.connections_per_ip', limitPer('ip')],
  [
    'deliver.source_address',
    (value) => `is a table of its own now: [[source]] with address = ${tomlValue(value)}`,
  ],
  ['limit.*.queue', (value) => `is called tenant now: write tenant = ${tomlValue([value].flat())}`],
]);

/** What to say about a key that is no more; undefined when there never was one. */
export function replacementOf(path: Path, value: unknown): string | undefined {
  return formerKeys.get(placeOf(path))?.(value);
}

/**
 * What to say about a word that a key took in earlier versions; undefined when it never did.
 * @param around - what the word stands in: a list, or the table of the key
 */
export function replacementOfWord(path: Path, word: string, around: unknown): string | undefined {
  if (word !== 'queue') return undefined;
  switch (placeOf(path)) {
    case 'limit.*.per':
      return '"queue" is called "tenant" now: write per = "tenant"';
    case 'limit.*.per.*': {
      const given = Array.isArray(around) ? around : [];
      const words = new Set(given.map((each: unknown) => (each === 'queue' ? 'tenant' : each)));
      return `"queue" is called "tenant" now: write per = ${tomlValue([...words])}`;
    }
    default:
      return undefined;
  }
}

/** The path with a star for each number of a list: `limit.*.per`. */
function placeOf(path: Path): string {
  return path.map((part) => (typeof part === 'number' ? '*' : String(part))).join('.');
}
