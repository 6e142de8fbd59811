// Joins the configuration file and its fragments into one source: tables are merged, and lists of tables ([[...]]) are appended in
// the order of the files. Promises: a key that two files give is an error that names both; each place is known with its file.

import { excerptOf } from '../../values/excerpt.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { keyText } from './key-text.ts';
import type { Path, Place, TomlFile, TomlSource } from './toml.ts';

type Table = Record<string, unknown>;

/** @throws {ConfigError} with each key that is in two files */
export function mergeToml(main: TomlSource, fragments: readonly TomlSource[]): TomlSource {
  if (fragments.length === 0) return main;
  const merge = new Merge();
  for (const source of [main, ...fragments]) merge.add(source);
  if (merge.problems.length > 0) throw new ConfigError(merge.problems);
  const { keys, values, files } = merge;
  return {
    fileName: main.fileName,
    text: main.text,
    files: [main, ...fragments].flatMap((source) => source.files),
    value: merge.value,
    keys,
    values,
    placeOfKey: (path) => keys.get(pathId(path)),
    placeOfValue: (path) => values.get(pathId(path)),
    fileOf: (place) => (place === undefined ? undefined : files.get(place)) ?? main.fileOf(undefined),
  };
}

class Merge {
  readonly value: Table = newTable();
  readonly keys = new Map<string, Place>();
  readonly values = new Map<string, Place>();
  readonly files = new Map<Place, TomlFile>();
  readonly problems: ConfigProblem[] = [];

  add(source: TomlSource): void {
    /** For each list of tables: how many items it had before this file. */
    const offsets = new Map<string, number>();
    const clashes: Path[] = [];
    mergeTables(this.value, source.value, [], offsets, clashes);
    for (const path of clashes) this.problems.push(this.#clash(path, source));
    this.#addPlaces(source, source.keys, this.keys, offsets);
    this.#addPlaces(source, source.values, this.values, offsets);
  }

  #addPlaces(
    source: TomlSource,
    from: ReadonlyMap<string, Place>,
    to: Map<string, Place>,
    offsets: ReadonlyMap<string, number>,
  ): void {
    for (const [id, place] of from) {
      const moved = offsets.size === 0 ? id : movedId(id, offsets);
      if (!to.has(moved)) to.set(moved, place);
      this.files.set(place, source.fileOf(place));
    }
  }

  #clash(path: Path, source: TomlSource): ConfigProblem {
    const id = pathId(path);
    const { line, column } = source.placeOfKey(path) ?? { line: 1, column: 1 };
    const before = this.keys.get(id);
    const other = before === undefined ? undefined : this.files.get(before);
    const where = other === undefined ? 'another file' : `${other.name}:${before?.line}`;
    return {
      file: source.fileName,
      line,
      column,
      key: keyText(path),
      message: `is also given in ${where}; leave it in one of the two files`,
      excerpt: excerptOf(source.text, { line, column }),
    };
  }
}

function mergeTables(
  into: Table,
  from: Readonly<Table>,
  path: readonly string[],
  offsets: Map<string, number>,
  clashes: Path[],
): void {
  for (const [name, value] of Object.entries(from)) {
    const at = [...path, name];
    const before = into[name];
    if (before === undefined) into[name] = copyOf(value);
    else if (isTable(before) && isTable(value)) mergeTables(before, value, at, offsets, clashes);
    else if (isListOfTables(before) && isListOfTables(value)) {
      offsets.set(pathId(at), before.length);
      before.push(...value);
    } else clashes.push(at);
  }
}

/** The id of a path with the indexes of its lists of tables moved behind those of earlier files. */
function movedId(id: string, offsets: ReadonlyMap<string, number>): string {
  const path = JSON.parse(id) as string[];
  const original: string[] = [];
  const moved: string[] = [];
  for (const part of path) {
    // Lists within items of a list belong to one file alone.
    const offset = offsets.get(JSON.stringify(original)) ?? 0;
    moved.push(offset === 0 ? part : String(Number(part) + offset));
    original.push(part);
  }
  return JSON.stringify(moved);
}

/** Containers that later files add to must not be those of the file itself. */
function copyOf(value: unknown): unknown {
  if (isListOfTables(value)) return [...value];
  if (!isTable(value)) return value;
  const copy = newTable();
  for (const [name, item] of Object.entries(value)) copy[name] = copyOf(item);
  return copy;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}

function isListOfTables(value: unknown): value is Table[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTable);
}

function newTable(): Table {
  return Object.create(null) as Table;
}

function pathId(path: Path): string {
  return JSON.stringify(path.map(String));
}
