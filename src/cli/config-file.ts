// The configuration that a command works with.

import { Option } from 'commander';
import { type Config, defaultConfig, loadConfig } from '../config/config.ts';
import { ConfigError, formatProblem } from '../config/read/config-error.ts';
import { findConfigFile } from '../config/read/find-config.ts';
import { type Places, salvagePlaces } from '../config/salvage-places.ts';

/** The option that every command with a configuration has. */
export function configOption(): Option {
  return new Option(
    '-c, --config <file>',
    'configuration file (default: SLUICE_CONFIG, ./sluice.toml, /etc/sluice/sluice.toml, or none)',
  );
}

/** @throws {ConfigError} with every problem of the file */
export function readConfig(named: string | undefined): Config {
  const file = findConfigFile(named);
  return file === undefined ? defaultConfig() : loadConfig(file);
}

/** What is read by a command that only has to find the running Sluice. */
export type FoundPlaces =
  | { readonly kind: 'whole'; readonly config: Config; readonly places: Places }
  /** The file has a mistake elsewhere: the running Sluice goes on with what it read before. */
  | { readonly kind: 'mistaken'; readonly mistake: ConfigError; readonly places: Places };

/** @throws {ConfigError} when the file does not say where Sluice is */
export function findPlaces(named: string | undefined): FoundPlaces {
  const file = findConfigFile(named);
  try {
    const config = file === undefined ? defaultConfig() : loadConfig(file);
    return { kind: 'whole', config, places: config };
  } catch (mistake) {
    if (file === undefined || !(mistake instanceof ConfigError)) throw mistake;
    return { kind: 'mistaken', mistake, places: salvagePlaces(file, mistake) };
  }
}

/**
 * Reads where the running Sluice is: its spool and its sockets. A mistake elsewhere in the file is printed on standard error.
 * @throws {ConfigError} when the file does not say where Sluice is
 */
export function readPlaces(named: string | undefined): Places {
  const found = findPlaces(named);
  if (found.kind === 'mistaken') process.stderr.write(mistakeText(found.mistake));
  return found.places;
}

/** The warning of a command that goes on although the file has a mistake. */
export function mistakeText(mistake: ConfigError): string {
  return (
    `warning: the configuration file has a mistake; only the places of the spool and the sockets were read from it.\n` +
    `  ${firstMistake(mistake)}\n  "sluice check" shows every mistake.\n`
  );
}

/** The first problem, on one line. */
export function firstMistake({ problems, message }: ConfigError): string {
  const [first] = problems;
  if (first === undefined) return message;
  const { excerpt: _, ...onOneLine } = first;
  return formatProblem(onOneLine);
}
