// Where the running Sluice is, from a configuration file that has a mistake somewhere else: whoever asks it something, or hands in
// mail, needs no more. Promises: what is given is what the file says or leaves out; a place that the file names and that cannot be
// read is an error, never another place.

import { readFileSync } from 'node:fs';

import { type Config, parseConfig } from './config.ts';
import type { ConfigError } from './read/config-error.ts';

/** What leads to the running Sluice, and to the mail that it keeps. */
export type Places = Pick<Config, 'file' | 'hostname' | 'spool' | 'controlSocket' | 'submissionSocket'>;

const place = /^\s*["']?(?:hostname|spool|control_socket|submission_socket)["']?\s*=/;
/** The keys above stand before the first table (TOML 1.0, "Table"). */
const table = /^\s*\[{1,2}[^[\]]*\]{1,2}\s*(?:#.*)?$/;

/**
 * Reads only the lines that name a place.
 * @param mistake - what is wrong with the file
 * @throws {ConfigError} the mistake, when it is in one of these lines or the file cannot be read at all
 */
export function salvagePlaces(path: string, mistake: ConfigError): Places {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.includes('\0')) throw mistake; // UTF-16
    const lines = text.replace(/^\ufeff/, '').split('\n');
    const end = lines.findIndex((line) => table.test(line));
    const kept = lines.slice(0, end === -1 ? lines.length : end).filter((line) => place.test(line));
    if (kept.some((line) => line.includes('\ufffd'))) throw mistake; // not UTF-8
    return parseConfig(kept.join('\n'), path);
  } catch {
    throw mistake;
  }
}
