// Keys of earlier versions, and the messages that say what to write instead.

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
]);

/** The message for a key that an earlier version had; undefined for any other key. */
export function replacementOf(path: Path, value: unknown): string | undefined {
  return formerKeys.get(pathPattern(path))?.(value);
}

/** The path with a star for each index of a list: `limit.*.connections`. */
function pathPattern(path: Path): string {
  return path.map((part) => (typeof part === 'number' ? '*' : String(part))).join('.');
}
