// Changes the text of a table of aliases: /etc/aliases, or a key and a value on each line. Promises: comments, the order of lines, and lines that are
// not changed stay as they were written; what is written is read back as it was meant.

import { aliasesForm } from './kinds/aliases.ts';
import { keyValueForm } from './kinds/key-value.ts';
import type { TextForm } from './text-entries.ts';
import { TableError } from './table-error.ts';
import { tableKey } from './table-key.ts';

/** Of the lines that are written, where a value is not longer. */
const longestLine = 100;
/** Of an entry, as tables read it. */
const mostBytes = 65_536;

/** The forms that can be changed. */
export const editableForms: Readonly<Record<'aliases' | 'key-value', TextForm>> = {
  aliases: aliasesForm,
  'key-value': keyValueForm,
};
export type EditableForm = keyof typeof editableForms;

/** One alias, as it is written. */
export interface AliasEntry {
  /** In the form of `tableKey`. */
  readonly name: string;
  /** What it stands for, as it is written: addresses with commas between them. */
  readonly value: string;
}

/** An entry that has not the form. */
export interface UnreadAlias {
  /** That it seems to be about, in the form of `tableKey`. */
  readonly name: string | undefined;
  /** A clause with the line. */
  readonly reason: string;
}

interface Piece {
  /** The lines, without the last line end. */
  readonly text: string;
  /** Undefined for comments and empty lines. */
  readonly entry?: AliasEntry;
  readonly unread?: UnreadAlias;
}

export class AliasLines {
  readonly #form: EditableForm;
  readonly #pieces: readonly Piece[];

  private constructor(form: EditableForm, pieces: readonly Piece[]) {
    this.#form = form;
    this.#pieces = pieces;
  }

  static read(text: string, form: EditableForm): AliasLines {
    const lines = text.split('\n');
    // The text behind the last end of a line is no line.
    if (lines.at(-1) === '') lines.pop();
    const pieces: { text: string; line: number }[] = [];
    for (const [index, line] of lines.entries()) {
      const goesOn = form === 'aliases' && /^[ \t]+[^\s#]/u.test(line);
      const last = pieces.findLastIndex((piece) => !isComment(piece.text));
      if (goesOn && last !== -1)
        // Comments in between are moved behind the entry.
        pieces[last] = { text: `${pieces[last]?.text ?? ''}\n${line}`, line: pieces[last]?.line ?? 0 };
      else pieces.push({ text: line, line: index + 1 });
    }
    return new AliasLines(
      form,
      pieces.map(({ text: all, line }) => (isComment(all) ? { text: all } : readPiece(all, line, form))),
    );
  }

  get text(): string {
    return this.#pieces.map(({ text }) => `${text}\n`).join('');
  }

  get entries(): readonly AliasEntry[] {
    return this.#pieces.flatMap(({ entry }) => entry ?? []);
  }

  get unread(): readonly UnreadAlias[] {
    return this.#pieces.flatMap(({ unread }) => unread ?? []);
  }

  /** What a name stands for, in all of its entries; undefined: it is none. */
  valueOf(name: string): string | undefined {
    const values = this.entries.filter((entry) => entry.name === name).map(({ value }) => value);
    return values.length === 0 ? undefined : values.join(', ');
  }

  /**
   * @param values - what the name stands for; none: there is no such name any more
   * @throws {RangeError} when an entry cannot be so long
   */
  with(name: string, values: readonly string[]): AliasLines {
    const isOf = ({ entry, unread }: Piece): boolean => (entry ?? unread)?.name === name;
    const at = this.#pieces.findIndex(isOf);
    const others = this.#pieces.filter((piece, index) => !isOf(piece) || index === at);
    if (values.length === 0)
      return new AliasLines(
        this.#form,
        others.filter((piece) => !isOf(piece)),
      );
    const written = name.includes(' ') || name.includes(':') || name.includes('#') ? `"${name}"` : name;
    const text = linesOf(written, values, this.#form);
    if (this.#form === 'aliases' && Buffer.byteLength(text) > mostBytes)
      throw new RangeError(`an alias has ${mostBytes} bytes at most; let it stand for several others`);
    const piece: Piece = { text, entry: { name, value: values.join(', ') } };
    return new AliasLines(
      this.#form,
      at === -1 ? [...others, piece] : others.map((each) => (isOf(each) ? piece : each)),
    );
  }
}

/** Lines that people can read, however many values there are. */
function linesOf(name: string, values: readonly string[], form: EditableForm): string {
  const lines: string[] = [];
  let line = '';
  for (const value of values) {
    const longer = line === '' ? value : `${line}, ${value}`;
    if (line !== '' && name.length + longer.length > longestLine) {
      lines.push(line);
      line = value;
    } else line = longer;
  }
  lines.push(line);
  return form === 'aliases'
    ? `${name}: ${lines.join(',\n    ')}`
    : lines.map((each) => `${name} ${each}`).join('\n');
}

function isComment(text: string): boolean {
  return /^\s*(?:#|$)/u.test(text);
}

function readPiece(text: string, line: number, form: EditableForm): Piece {
  try {
    return { text, entry: entryOf(text, line, form) };
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    const key = editableForms[form].keyOfUnread?.(joined(text));
    const name = key === undefined || key.length === 0 ? undefined : tableKey(key.toString());
    return { text, unread: { name, reason: error.message } };
  }
}

/** As tables join lines: one that goes on begins with white space. */
function joined(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\r?\n/gu, '').replace(/\r$/u, ''));
}

function entryOf(text: string, line: number, form: EditableForm): AliasEntry {
  const bytes = joined(text);
  const { keyStart, keyEnd, valueStart, valueEnd } = editableForms[form].parts(bytes, line);
  return {
    name: tableKey(bytes.toString('utf8', keyStart, keyEnd)),
    value: bytes.toString('utf8', valueStart, valueEnd),
  };
}
