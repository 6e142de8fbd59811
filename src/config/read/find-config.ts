// Which configuration is meant when none is named.

import { statSync } from 'node:fs';

const places = ['./sluice.toml', '/etc/sluice/sluice.toml'];

/**
 * The configuration file to read: the one named, else that of SLUICE_CONFIG, else ./sluice.toml or /etc/sluice/sluice.toml.
 * @param named From the command line.
 * @returns Undefined when none is named and none is there: the defaults are meant.
 */
export function findConfigFile(named: string | undefined): string | undefined {
  const variable = process.env['SLUICE_CONFIG'];
  return named ?? (variable !== undefined && variable !== '' ? variable : places.find(isThere));
}

/** A file that this user may not look at is there: reading it says so, and nothing else is read instead. */
function isThere(place: string): boolean {
  try {
    return statSync(place, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
