// Reads the files with texts of reports that [bounce] names: TOML with a language, perhaps a tenant, and the texts by their keys. Their
// problems have places.

import { resolve } from 'node:path';
import { closest } from '../values/closest.ts';
import { type OwnTexts, type TextKey, textKeys } from '../values/report-texts.ts';
import { problem, problemsOf } from './problems/problems.ts';
import { ConfigError, type ConfigProblem, systemReason } from './read/config-error.ts';
import { type FileKey, problemOfKey } from './read/domain-file.ts';
import { readTextFile } from './read/text-file.ts';
import { readToml } from './read/toml.ts';
import { shortName } from './read/working-folder.ts';
import { reportTexts } from './schema/report-texts.ts';

const names = Object.keys(textKeys) as TextKey[];
const knownKeys: readonly string[] = ['language', 'tenant', ...names];

/** @throws {ConfigError} with every problem of these files */
export function readReportTexts(files: readonly string[], from: Omit<FileKey, 'path'>): OwnTexts[] {
  const problems: ConfigProblem[] = [];
  const found = files.flatMap((name, index) => {
    try {
      return readFile(name, { ...from, path: ['bounce', 'texts', index] });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return found;
}

function readFile(name: string, key: FileKey): OwnTexts {
  const path = resolve(key.folder, name);
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    throw new ConfigError([problemOfKey(key, `cannot read ${path}: ${systemReason(error)}`)]);
  }
  key.onFileRead(path, text);
  const source = readToml(text, shortName(path));
  const given = Object.entries(source.value);
  const unknown = given.filter(([each]) => !knownKeys.includes(each));
  if (unknown.length > 0) {
    throw new ConfigError(
      unknown.map(([each]) => {
        const similar = closest(each, knownKeys);
        const hint = similar === undefined ? 'docs/bounces.md lists the texts' : `did you mean "${similar}"?`;
        return problem([each], source.placeOfKey([each]), `there is no such text; ${hint}`, source);
      }),
    );
  }
  const parsed = reportTexts.safeParse(source.value);
  if (!parsed.success) throw new ConfigError(problemsOf(parsed.error.issues, source));
  const { language, tenant, ...all } = parsed.data;
  const texts: Partial<Record<TextKey, string>> = {};
  for (const each of names) if (all[each] !== undefined) texts[each] = all[each];
  return { language, tenant, texts };
}
