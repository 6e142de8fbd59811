// The files of one configuration: the file itself, and the fragments in the folder beside it, conf.d for sluice.toml, and NAME.d for
// another NAME.toml. Fragments are the files *.toml in the order of their names by bytes, as LC_ALL=C sorts them.

import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { mergeToml } from './merge-toml.ts';
import { readTextFile } from './text-file.ts';
import { readToml, type TomlSource } from './toml.ts';
import { fromWorkingFolder } from './working-folder.ts';

export interface ConfigFiles {
  readonly source: TomlSource;
  /** Absolute paths, in order. */
  readonly fragments: readonly string[];
}

/**
 * Reads a configuration file and its fragments.
 * @param path - as messages show it
 * @param onFileRead - is called with the absolute path and the text of each
 * @throws {ConfigError} when one cannot be read or is not TOML, or two of them give the same key
 */
export function readConfigFiles(
  path: string,
  onFileRead: (path: string, text: string) => void = () => undefined,
): ConfigFiles {
  const folder = fragmentFolder(path);
  const names = fragmentNames(folder);
  const sources: TomlSource[] = [];
  const problems: ConfigProblem[] = [];
  for (const shown of [path, ...names.map((name) => join(folder, name))]) {
    if (shown !== path) refusePipe(shown);
    const text = readOne(shown);
    onFileRead(fromWorkingFolder(shown), text);
    try {
      sources.push(readToml(text, shown));
    } catch (error) {
      // All files are looked at, so that the mistakes of several are reported together.
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  const [main, ...fragments] = sources;
  if (problems.length > 0 || main === undefined) throw new ConfigError(problems);
  return {
    source: mergeToml(main, fragments),
    fragments: names.map((name) => fromWorkingFolder(join(folder, name))),
  };
}

/** The paths of the fragments of a configuration file, in order. */
export function fragmentsOf(path: string): readonly string[] {
  const folder = fragmentFolder(path);
  return fragmentNames(folder).map((name) => join(folder, name));
}

function fragmentFolder(path: string): string {
  const name = basename(path);
  return join(dirname(path), name === 'sluice.toml' ? 'conf.d' : `${name.replace(/\.toml$/, '')}.d`);
}

/** Names that begin with a dot are those of editors. */
function fragmentNames(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    // A folder that may not be read is no empty one: what is in it would silently not be in force.
    throw ConfigError.unreadable(folder, error);
  }
  return names
    .filter((name) => name.endsWith('.toml') && !name.startsWith('.'))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Reading a pipe would wait for its other end: a reload would stop the supervisor. The file itself may be one, as in `--config <(...)`. */
function refusePipe(path: string): void {
  let isPipe = false;
  try {
    isPipe = statSync(fromWorkingFolder(path)).isFIFO();
  } catch {
    // Reading it tells why.
  }
  if (isPipe) throw ConfigError.unreadable(path, new Error('it is a pipe'));
}

function readOne(path: string): string {
  const file = fromWorkingFolder(path);
  try {
    return readTextFile(file);
  } catch (error) {
    throw ConfigError.unreadable(path, error);
  }
}
