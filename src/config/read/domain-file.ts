// Reads a file with domains that a key names: one domain per line, like qmail's rcpthosts, perhaps with more about it. Its problems have
// places, too.

import { resolve } from 'node:path';

import { type ConfigProblem, systemReason } from './config-error.ts';
import { excerptOf } from '../../values/excerpt.ts';
import { keyText } from './key-text.ts';
import { readTextFile, TextFileError } from './text-file.ts';
import type { Path, TomlSource } from './toml.ts';
import type { DomainPattern } from '../../values/domain.ts';
import { ValueError } from '../../values/value-error.ts';
import { shortName } from './working-folder.ts';

/** The key that names a file, and the configuration that the key is in. */
export interface FileKey {
  readonly path: Path;
  readonly source: TomlSource;
  /** The folder where a relative path starts. */
  readonly folder: string;
  /** Is called with the absolute path and the text of the file when it was read. */
  readonly onFileRead: (path: string, text: string) => void;
}

/** Lines that are reported at most: a file that is not a list of domains at all is not shown line by line. */
const mostProblems = 20;

/**
 * Reads the domains of a file.
 * @param parse - what one line may hold; a ValueError becomes a problem with the place of the line
 * @param problems - to which it adds: the file cannot be read, or a line is not a domain
 */
export function readDomainFile<Entry = DomainPattern>(
  name: string,
  key: FileKey,
  parse: (text: string) => Entry,
  problems: ConfigProblem[],
): Entry[] {
  const path = resolve(key.folder, name);
  const shownName = shortName(path);
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    if (error instanceof TextFileError) {
      const { line, column, message } = error;
      problems.push({ file: shownName, line, column, key: '', message });
      return [];
    }
    problems.push(unreadable(path, key, error));
    return [];
  }
  key.onFileRead(path, text);
  const domains: Entry[] = [];
  let problemLines = 0;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    try {
      domains.push(parse(entry));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      if (++problemLines > mostProblems) break;
      const place = { line: index + 1, column: line.indexOf(entry) + 1 };
      problems.push({
        file: shownName,
        ...place,
        key: '',
        message: error.message,
        excerpt: excerptOf(text, place),
      });
    }
  }
  return domains;
}

function unreadable(path: string, key: FileKey, error: unknown): ConfigProblem {
  return problemOfKey(key, `cannot read ${path}: ${systemReason(error)}`);
}

/** A problem at the key that names the file. */
export function problemOfKey({ path, source }: FileKey, message: string): ConfigProblem {
  const found = source.placeOfValue(path);
  const place = found ?? { line: 1, column: 1 };
  const file = source.fileOf(found);
  return {
    file: file.name,
    ...place,
    key: keyText(path),
    message,
    excerpt: excerptOf(file.text, place),
  };
}
