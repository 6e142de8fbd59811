// Where the configuration of a running Sluice comes from: the file of its start, and no other, is read again at a reload.
// Promises: a file that is gone or was emptied is never taken for the wish to run with the defaults.

import { type Config, defaultConfig, loadConfig } from './config.ts';
import { ConfigError } from './read/config-error.ts';
import { findConfigFile } from './read/find-config.ts';

export class ConfigSource {
  readonly #named: string | undefined;
  /** The file in force, absolute; undefined as long as no file was found. */
  #file: string | undefined;
  /** Files that were read last, with those that they name: whether there was nothing in them. */
  #wasEmpty: ReadonlyMap<string, boolean> = new Map();

  /** @param named - from the command line; undefined: the usual places are looked at until one of them has a file */
  constructor(named: string | undefined) {
    this.#named = named;
  }

  /**
   * Reads the configuration, for the first time or again.
   * @throws {ConfigError} with every problem; then the next time compares with what was read before
   */
  read(): Config {
    const file = this.#file ?? findConfigFile(this.#named);
    if (file === undefined) return defaultConfig();
    const isEmpty = new Map<string, boolean>();
    const config = loadConfig(file, (path, text) => {
      const isBlank = text.trim() === '';
      isEmpty.set(path, isBlank);
      if (isBlank && this.#wasEmpty.get(path) === false) throw emptied(path);
    });
    this.#file = config.file;
    this.#wasEmpty = isEmpty;
    return config;
  }
}

/** Written by a program that empties a file first, or by one that found the disk full: nobody means an empty file. */
function emptied(file: string): ConfigError {
  const message =
    'the file is empty now, and was not when it was read before: it is being written, or the disk was full; ' +
    'if it shall be empty, write a comment line (#) into it, or restart Sluice';
  return new ConfigError([{ file, line: 0, column: 0, key: '', message }]);
}
