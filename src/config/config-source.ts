// Reads the configuration of a running Sluice. A reload reads the same file as the start did.
// Promises: a file that was removed or emptied never makes a running Sluice use the defaults.

import { type Config, defaultConfig, loadConfig } from './config.ts';
import { ConfigError } from './read/config-error.ts';
import { findConfigFile } from './read/find-config.ts';

export class ConfigSource {
  readonly #named: string | undefined;
  /** The file in force, absolute; undefined as long as no file was found. */
  #file: string | undefined;
  /** For the file that was read last, and each that it names: whether it was blank. */
  #blankByPath: ReadonlyMap<string, boolean> = new Map();

  /** @param named - the file of the command line; undefined: the usual places, until one of them has a file */
  constructor(named: string | undefined) {
    this.#named = named;
  }

  /**
   * Reads the configuration, for the first time or again.
   * @throws {ConfigError} with every problem; the next call then compares with the last successful one
   */
  read(): Config {
    const file = this.#file ?? findConfigFile(this.#named);
    if (file === undefined) return defaultConfig();
    const blankByPath = new Map<string, boolean>();
    const config = loadConfig(file, (path, text) => {
      const isBlank = text.trim() === '';
      blankByPath.set(path, isBlank);
      if (isBlank && this.#blankByPath.get(path) === false) throw emptiedError(path);
    });
    this.#file = config.file;
    this.#blankByPath = blankByPath;
    return config;
  }
}

/** A program empties a file before it writes it, or found the disk full: an emptied file is never what was wanted. */
function emptiedError(file: string): ConfigError {
  const message =
    'the file is empty now, and was not when it was read before: it is being written, or the disk was full; ' +
    'if it is meant to be empty, write a comment line (#) into it, or restart Sluice';
  return new ConfigError([{ file, line: 0, column: 0, key: '', message }]);
}
