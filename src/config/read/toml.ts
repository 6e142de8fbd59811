// Reads TOML 1.0 into plain data, and remembers the place of each key and value.
// Promises: any text gives data or a ConfigError with a position, never another error.

import { type AST, ParseError, parseTOML } from 'toml-eslint-parser';

import { ConfigError } from './config-error.ts';
import { excerptOf } from '../../values/excerpt.ts';
import { withoutByteOrderMark } from './text-file.ts';
import { tomlHint } from './toml-hint.ts';

/** A place in the file. Line and column are counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Keys and list indexes from the top of the file. */
export type Path = readonly PropertyKey[];

/** A file, as messages name it, and its text. */
export interface TomlFile {
  readonly name: string;
  readonly text: string;
}

/** A file read as TOML, or several as one. */
export interface TomlSource {
  /** Of the first file. */
  readonly fileName: string;
  readonly text: string;
  /** All of them, in order. */
  readonly files: readonly TomlFile[];
  readonly value: Readonly<Record<string, unknown>>;
  /** The place of the key itself (for an item of a list, of its value); undefined if it is not in the file. */
  placeOfKey(path: Path): Place | undefined;
  /** The place of the value of a key; undefined if it is not in the file. */
  placeOfValue(path: Path): Place | undefined;
  /** The file of one of these places; without a place, the first one. */
  fileOf(place: Place | undefined): TomlFile;
  /** All places, by the JSON of the path. */
  readonly keys: ReadonlyMap<string, Place>;
  readonly values: ReadonlyMap<string, Place>;
}

type Table = Record<string, unknown>;
type Places = Map<string, Place>;

/**
 * Reads TOML.
 * @throws {ConfigError} at the first place that is not TOML.
 */
export function readToml(given: string, fileName: string): TomlSource {
  const text = withoutByteOrderMark(given);
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text, { tomlVersion: '1.0' });
  } catch (error) {
    throw syntaxError(error, text, fileName);
  }
  const reader = new Reader();
  const value = reader.read(program);
  const file = { name: fileName, text };
  return {
    fileName,
    text,
    files: [file],
    value,
    keys: reader.keys,
    values: reader.values,
    fileOf: () => file,
    placeOfKey: (path) => reader.keys.get(pathId(path)),
    placeOfValue: (path) => reader.values.get(pathId(path)),
  };
}

/** Walks the syntax tree; the parser has already refused duplicate keys and tables. */
class Reader {
  readonly keys: Places = new Map();
  readonly values: Places = new Map();

  read(program: AST.TOMLProgram): Table {
    const top = newTable();
    for (const node of program.body[0].body) {
      if (node.type === 'TOMLKeyValue') this.#readKeyValue(node, top, []);
      else this.#readTable(node, top);
    }
    return top;
  }

  #readTable(node: AST.TOMLTable, top: Table): void {
    const path = node.resolvedKey;
    let container: Table | unknown[] = top;
    let name = -1;
    for (const [index, part] of path.entries()) {
      if (typeof part === 'string') name++;
      const at = path.slice(0, index + 1);
      const keyNode = node.key.keys[name] ?? node.key;
      notePlace(this.keys, at, keyNode);
      notePlace(this.values, at, keyNode);
      container = childOf(container, part, typeof path[index + 1] === 'number');
    }
    for (const entry of node.body) this.#readKeyValue(entry, container, path);
  }

  #readKeyValue(node: AST.TOMLKeyValue, table: Table | unknown[], tablePath: Path): void {
    const names = node.key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value));
    let container = table;
    for (const [index, name] of names.entries()) {
      const path = [...tablePath, ...names.slice(0, index + 1)];
      notePlace(this.keys, path, node.key.keys[index] ?? node.key);
      if (index < names.length - 1) {
        notePlace(this.values, path, node.key.keys[index] ?? node.key);
        container = childOf(container, name, false);
      } else {
        setItem(container, name, this.#readContent(node.value, path));
      }
    }
  }

  #readContent(node: AST.TOMLContentNode, path: Path): unknown {
    notePlace(this.values, path, node);
    if (node.type === 'TOMLValue') return node.value;
    if (node.type === 'TOMLArray') {
      return node.elements.map((element, index) => {
        notePlace(this.keys, [...path, index], element);
        return this.#readContent(element, [...path, index]);
      });
    }
    const table = newTable();
    for (const entry of node.body) this.#readKeyValue(entry, table, path);
    return table;
  }
}

/** Remembers the place of a path, unless it has one already. */
function notePlace(places: Places, path: Path, node: AST.HasLocs): void {
  const id = pathId(path);
  if (!places.has(id)) places.set(id, { line: node.loc.start.line, column: node.loc.start.column + 1 });
}

// An object without a prototype, so that "__proto__" and "constructor" are ordinary keys, which the schema refuses.
function newTable(): Table {
  return Object.create(null) as Table;
}

function setItem(container: Table | unknown[], name: string | number, value: unknown): void {
  if (Array.isArray(container)) container[Number(name)] = value;
  else container[name] = value;
}

/** The table or list with this name. It is created when it does not exist yet. */
function childOf(parent: Table | unknown[], name: string | number, list: boolean): Table | unknown[] {
  const existing = Array.isArray(parent) ? parent[Number(name)] : parent[name];
  if (typeof existing === 'object' && existing !== null) return existing as Table | unknown[];
  const made = list ? [] : newTable();
  setItem(parent, name, made);
  return made;
}

function pathId(path: Path): string {
  return JSON.stringify(path.map(String));
}

function syntaxError(error: unknown, text: string, fileName: string): ConfigError {
  if (!(error instanceof ParseError)) {
    const message = `cannot be read as TOML: ${error instanceof Error ? error.message : String(error)}`;
    return new ConfigError([{ file: fileName, line: 1, column: 1, key: '', message }]);
  }
  const line = text.split(/\r?\n/, error.lineNumber)[error.lineNumber - 1] ?? '';
  const hint = /^Unspecified|^Unterminated|^Defining/u.test(error.message)
    ? undefined
    : tomlHint(line, error.column);
  const place = { line: error.lineNumber, column: (hint?.at ?? error.column) + 1 };
  const message = `this is not TOML: ${hint?.text ?? error.message.replace(/\.$/, '')}`;
  return new ConfigError([{ file: fileName, ...place, key: '', message, excerpt: excerptOf(text, place) }]);
}
