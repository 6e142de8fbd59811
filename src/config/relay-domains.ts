// The file with more relay domains: one a line, like qmail's rcpthosts. Its mistakes have places, too.

import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';

import { ConfigError, type ConfigProblem, systemReason } from './config-error.ts';
import { excerptOf } from './excerpt.ts';
import type { TomlSource } from './toml.ts';
import { type DomainPattern, parseDomainPattern } from './values/domain.ts';
import { ValueError } from './values/value-error.ts';

const key = ['receive', 'relay_domains_file'];

/**
 * Reads the relay domains of a file.
 * @param folder Where a name that is not absolute starts.
 * @throws {ConfigError} when the file cannot be read or a line is no domain.
 */
export function readRelayDomains(
  name: string | undefined,
  folder: string,
  source: TomlSource,
): DomainPattern[] {
  if (name === undefined) return [];
  const path = resolve(folder, name);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const place = source.placeOfValue(key) ?? { line: 1, column: 1 };
    const message = `cannot read ${path}: ${systemReason(error)}`;
    throw new ConfigError([
      {
        file: source.fileName,
        ...place,
        key: key.join('.'),
        message,
        excerpt: excerptOf(source.text, place),
      },
    ]);
  }
  const shownName = relative(process.cwd(), path).startsWith('..') ? path : relative(process.cwd(), path);
  const domains: DomainPattern[] = [];
  const problems: ConfigProblem[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    try {
      domains.push(parseDomainPattern(entry));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
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
  if (problems.length > 0) throw new ConfigError(problems);
  return domains;
}
