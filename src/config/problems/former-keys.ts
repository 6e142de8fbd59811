// Keys of earlier versions: whoever still has one is told what to write instead.

import type { Path } from '../read/toml.ts';
import { tomlValue } from '../read/toml-value.ts';

const limitPer = (per: string) => (value: unknown) =>
  `is a table of its own now: [[limit]] with per = "${per}" and connections = ${tomlValue(value)}`;

const formerKeys: ReadonlyMap<string, (value: unknown) => string> = new Map([
  ['deliver.connections_per_domain', limitPer('domain')],
  ['deliver.connections_per_site', limitPer('site')],
  ['deliver.connections_per_ip', limitPer('ip')],
  [
    'deliver.source_address',
    (value) => `is a table of its own now: [[source]] with address = ${tomlValue(value)}`,
  ],
]);

/** What to say about a key that is no more; undefined when there never was one. */
export function replacementOf(path: Path, value: unknown): string | undefined {
  return formerKeys.get(path.join('.'))?.(value);
}
