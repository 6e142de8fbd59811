// Finds the spool and the sockets of the running Sluice in a configuration file that has a mistake elsewhere: commands that
// only talk to it, and sendmail, need nothing else. Promises: each value is that of the file, or the default when the file has
// none; a line for one of these keys that cannot be read is an error, never a default.

import { readFileSync } from 'node:fs';

import { type Config, parseConfig } from './config.ts';
import { fragmentsOf } from './read/config-files.ts';
import type { ConfigError } from './read/config-error.ts';

/** Where the running Sluice and its mail are found; of a file with a mistake, without the queues beside the default one. */
export type Places = Pick<
  Config,
  'file' | 'hostname' | 'spool' | 'queues' | 'controlSocket' | 'submissionSocket'
>;

const placeLine = /^\s*["']?(?:hostname|spool|control_socket|submission_socket)["']?\s*=/;
/** The keys above are valid only before the first table (TOML 1.0, "Table"). */
const tableHeading = /^\s*\[{1,2}[^[\]]*\]{1,2}\s*(?:#.*)?$/;

/**
 * Reads only the lines of the keys that name a place, in the file and its fragments.
 * @param mistake - what is wrong with the file
 * @throws {ConfigError} the mistake, when it is in one of these lines or the file cannot be read at all
 */
export function salvagePlaces(path: string, mistake: ConfigError): Places {
  try {
    const kept = [path, ...fragmentsOf(path)].flatMap((file) =>
      placeLines(readFileSync(file, 'utf8'), mistake),
    );
    return parseConfig(kept.join('\n'), path);
  } catch {
    throw mistake;
  }
}

/** @throws {ConfigError} the mistake, when the text cannot be read */
function placeLines(text: string, mistake: ConfigError): string[] {
  if (text.includes('\0')) throw mistake; // UTF-16
  const lines = text.replace(/^\ufeff/, '').split('\n');
  const end = lines.findIndex((line) => tableHeading.test(line));
  const kept = lines.slice(0, end === -1 ? lines.length : end).filter((line) => placeLine.test(line));
  if (kept.some((line) => line.includes('\ufffd'))) throw mistake; // not UTF-8
  return kept;
}
