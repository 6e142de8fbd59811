// A warning about a configuration, and its place in the file.

import { type ConfigProblem, formatProblem } from './config-error.ts';
import { keyText } from './key-text.ts';
import { readConfigFiles } from './config-files.ts';
import type { Path, Place, TomlSource } from './toml.ts';

export interface ConfigWarning {
  /** The path of the key. */
  readonly path: Path;
  /** Can be understood without the file. */
  readonly message: string;
}

/** Adds file, line and column to each warning: those of the value, or of the table that lacks it. */
export function placeWarnings(
  warnings: readonly ConfigWarning[],
  file: string | undefined,
): readonly ConfigProblem[] {
  const source = file === undefined || warnings.length === 0 ? undefined : sourceOf(file);
  return warnings.map(({ path, message }) => {
    const place = placeOf(path, source);
    return {
      file: place === undefined ? (file ?? '') : (source?.fileOf(place).name ?? ''),
      ...(place ?? { line: 0, column: 0 }),
      key: keyText(path),
      message,
    };
  });
}

/** `FILE:LINE:COLUMN: KEY: MESSAGE`, as much of it as is known. */
export function placedText(warning: ConfigProblem): string {
  return warning.file === '' ? `${warning.key}: ${warning.message}` : formatProblem(warning);
}

function placeOf(path: Path, source: TomlSource | undefined): Place | undefined {
  if (source === undefined || path.length === 0) return undefined;
  return source.placeOfValue(path) ?? placeOf(path.slice(0, -1), source);
}

/** Undefined when a file was changed since it was loaded and is invalid now: the warnings then have no place. */
function sourceOf(file: string): TomlSource | undefined {
  try {
    return readConfigFiles(file).source;
  } catch {
    return undefined;
  }
}
