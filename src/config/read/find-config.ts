// Finds the configuration file.

import { statSync } from 'node:fs';

const places = ['./sluice.toml', '/etc/sluice/sluice.toml'];

/**
 * The configuration file to read: the one named, else that of SLUICE_CONFIG, else ./sluice.toml or /etc/sluice/sluice.toml.
 * @param named - the file of the command line
 * @returns undefined when none is named and none exists: the defaults are used
 */
export function findConfigFile(named: string | undefined): string | undefined {
  const variable = process.env['SLUICE_CONFIG'];
  return named ?? (variable !== undefined && variable !== '' ? variable : places.find(exists));
}

/** True also for a file that this user may not look at: reading it then fails, and no other file is read instead. */
function exists(place: string): boolean {
  try {
    return statSync(place, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
