// Changes the text of a table of aliases: /etc/aliases, or a key and a value on each line. Promises: comments, the order of lines, and lines that are
// not changed stay as they were written; what is written is read back as it was meant.

import { aliasesForm } from './kinds/aliases.ts';
import { keyValueForm } from './kinds/key-value.ts';
import { tableKey } from './table-key.ts';

/** The forms that can be changed. */
export const editableForms = { aliases: aliasesForm, 'key-value': keyValueForm } as const;
export type EditableForm = keyof typeof editableForms;

/** One alias, as it is written. */
export interface AliasEntry {
  /** In the form of `tableKey`. */
  readonly name: string;
  /** What it stands for, as it is written: addresses with commas between them. */
  readonly value: string;
}

interface Piece {
  /** The lines, without the last line end. */
  readonly text: string;
  /** Undefined for comments and empty lines. */
  readonly entry?: AliasEntry;
}

export class AliasLines {
  readonly #form: EditableForm;
  readonly #pieces: readonly Piece[];

  private constructor(form: EditableForm, pieces: readonly Piece[]) {
    this.#form = form;
    this.#pieces = pieces;
  }

  /** @throws {TableError} when a line has not the form */
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
      pieces.map(({ text: all, line }) =>
        isComment(all) ? { text: all } : { text: all, entry: entryOf(all, line, form) },
      ),
    );
  }

  get text(): string {
    return this.#pieces.map(({ text }) => `${text}\n`).join('');
  }

  get entries(): readonly AliasEntry[] {
    return this.#pieces.flatMap(({ entry }) => entry ?? []);
  }

  /** What a name stands for, in all of its entries; undefined: it is none. */
  valueOf(name: string): string | undefined {
    const values = this.entries.filter((entry) => entry.name === name).map(({ value }) => value);
    return values.length === 0 ? undefined : values.join(', ');
  }

  /** @param value - undefined: there is no such name any more */
  with(name: string, value: string | undefined): AliasLines {
    const at = this.#pieces.findIndex(({ entry }) => entry?.name === name);
    const others = this.#pieces.filter(({ entry }, index) => entry?.name !== name || index === at);
    if (value === undefined)
      return new AliasLines(
        this.#form,
        others.filter(({ entry }) => entry?.name !== name),
      );
    const written = name.includes(' ') || name.includes(':') || name.includes('#') ? `"${name}"` : name;
    const text = this.#form === 'aliases' ? `${written}: ${value}` : `${written} ${value}`;
    const piece: Piece = { text, entry: { name, value } };
    return new AliasLines(
      this.#form,
      at === -1 ? [...others, piece] : others.map((each) => (each.entry?.name === name ? piece : each)),
    );
  }
}

function isComment(text: string): boolean {
  return /^\s*(?:#|$)/u.test(text);
}

function entryOf(text: string, line: number, form: EditableForm): AliasEntry {
  const bytes = Buffer.from(text.replaceAll(/\r?\n/gu, ' ').replace(/\r$/u, ''));
  const { keyStart, keyEnd, valueStart, valueEnd } = editableForms[form].parts(bytes, line);
  return {
    name: tableKey(bytes.toString('utf8', keyStart, keyEnd)),
    value: bytes.toString('utf8', valueStart, valueEnd),
  };
}
