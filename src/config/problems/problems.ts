// Turns the schema's issues into problems with a place, a key and the closest valid name.

import type { z } from 'zod';

import { closest } from '../../values/closest.ts';
import type { ConfigProblem } from '../read/config-error.ts';
import { excerptOf } from '../../values/excerpt.ts';
import { replacementOf } from './former-keys.ts';
import { keyText } from '../read/key-text.ts';
import { keysAt, type KnownKey } from './known-keys.ts';
import type { Path, Place, TomlSource } from '../read/toml.ts';

function fileIndex({ file }: ConfigProblem, { files }: TomlSource): number {
  return files.findIndex(({ name }) => name === file);
}

/** All problems, in the order of the files. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], source: TomlSource): ConfigProblem[] {
  return issues
    .flatMap(issuesOfGivenAlternative)
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey([...issue.path, key], source))
        : [wrongValue(issue, source)],
    )
    .sort((a, b) => fileIndex(a, source) - fileIndex(b, source) || a.line - b.line || a.column - b.column);
}

/** For a value with several alternatives (a union): the issues inside the alternative that was given, if that is known. */
function issuesOfGivenAlternative(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const inside =
    issue.errors.find((branch) => branch.every(({ path }) => path.length > 0)) ??
    issue.errors.find(([first]) => first?.code === 'too_small' && first.origin === 'array');
  return inside?.map((each) => Object.assign({}, each, { path: [...issue.path, ...each.path] })) ?? [issue];
}

/** The words that are allowed as the value. */
function allowedWords(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code !== 'invalid_union') return [];
  const kinds = 'options' in issue ? (issue.options ?? []) : [];
  return [...kinds.map(String), ...issue.errors.flat().flatMap(allowedWords)];
}

function unknownKey(path: Path, source: TomlSource): ConfigProblem {
  const replacement = replacementOf(path, valueAt(source.value, path));
  if (replacement !== undefined) return problem(path, source.placeOfKey(path), replacement, source);
  const name = String(path.at(-1));
  const table = path.slice(0, -1);
  const { kind } = (valueAt(source.value, table) ?? {}) as { readonly kind?: unknown };
  const all = keysAt(table);
  const ofOthers = all.filter((key) => key.name === name).flatMap(({ kinds = [] }) => kinds);
  if (ofOthers.length > 0) {
    const message = `is only for kind = ${ofOthers.map((each) => `"${each}"`).join(' or ')}, and this one is of kind "${String(kind)}"`;
    return problem(path, source.placeOfKey(path), message, source);
  }
  const known = all.filter(({ kinds }) => kinds?.includes(String(kind)) !== false);
  const names = known.map((key) => key.name);
  const suggestion = closest(name, names);
  let message = 'there is no such key';
  if (suggestion !== undefined) {
    message += `; did you mean ${suggestion}?`;
  } else {
    const elsewhere = placesOf(name);
    message += elsewhere === '' ? `; the keys here are ${listed(known)}` : `; it belongs in ${elsewhere}`;
  }
  return problem(path, source.placeOfKey(path), message, source, suggestion);
}

function wrongValue(issue: z.core.$ZodIssue, source: TomlSource): ConfigProblem {
  const { path } = issue;
  const place = source.placeOfValue(path);
  if (place === undefined && path.length > 0) {
    // The key is not in the file: the problem is shown at the table that it belongs to.
    const table = source.placeOfValue(path.slice(0, -1));
    const wanted = /^(.*), not nothing$/s.exec(issue.message)?.[1];
    const message = wanted === undefined ? issue.message : `is missing; it ${wanted}`;
    return problem(path, table, message, source);
  }
  const given = valueAt(source.value, path);
  if (typeof given === 'string') {
    const words = issue.code === 'custom' ? issue.params?.['words'] : allowedWords(issue);
    const suggestion = closest(given, Array.isArray(words) ? words.map(String) : []);
    const hint = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`;
    return problem(path, place, issue.message + hint, source, suggestion);
  }
  return problem(path, place, issue.message, source);
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[part];
  }
  return at;
}

/** A problem at a place of the file; without one, at its beginning. */
export function problem(
  path: Path,
  place: Place | undefined,
  message: string,
  source: TomlSource,
  suggestion?: string,
): ConfigProblem {
  const at = place ?? { line: 1, column: 1 };
  const file = source.fileOf(place);
  return {
    file: file.name,
    ...at,
    key: keyText(path),
    message,
    ...(suggestion !== undefined && { suggestion }),
    excerpt: excerptOf(file.text, at),
  };
}

function listed(known: readonly KnownKey[]): string {
  return known.map((key) => (key.isTable ? tableText(key) : key.name)).join(', ');
}

function tableText(key: KnownKey): string {
  if (key.isList) return `[[${key.name}]]`;
  return key.isNamed ? `[${key.name}.NAME]` : `[${key.name}]`;
}

/** The tables that have a key with this name. */
function placesOf(name: string): string {
  return keysAt([])
    .filter(
      (section) =>
        section.isTable &&
        keysAt([section.name, 0])
          .concat(keysAt([section.name]))
          .some((key) => key.name === name),
    )
    .map(tableText)
    .join(' or ');
}
