// The header of a message (RFC 5322 2.2) as a list of fields that can be inserted, changed and removed. What is not edited stays as
// it came, byte by byte.

import { lastLineEnd, withLineEnds } from '../values/line-ends.ts';
import { type HeaderField, headerFields } from './header-fields.ts';
import { NamedList } from './named-list.ts';

/** One field. */
export interface Field {
  /** In lower case. */
  readonly name: string;
  /** What follows the colon, decoded from UTF-8, with its folds (CRLF and a blank) and without the last line end. */
  readonly value: string;
  /** The whole field as it came or was made, with its line end. */
  readonly bytes: Uint8Array;
}

/** What an edit puts into the header. */
export interface NewField {
  readonly name: string;
  /** It may be folded. A blank is put before it. */
  readonly value: string;
  /** The value is all that follows the colon, with its blank, and each of its characters is a byte (Latin-1). */
  readonly isRaw?: true | undefined;
}

/** A change of the header. Names are compared in any case. */
export type FieldEdit =
  /** @param at - how many fields of the message as it leaves are to stand above; 0: above our Received field, 1: right below it */
  | ({ readonly kind: 'insert-field'; readonly at: number } & NewField)
  /** At the end of the header. */
  | ({ readonly kind: 'add-field' } & NewField)
  /**
   * Replaces the value of a field. When there is none, the field is added.
   * @param occurrence - which of the fields of this name, from 1; our own Received field is not counted
   */
  | ({ readonly kind: 'change-field'; readonly occurrence: number } & NewField)
  /** Does nothing when there is no such field. */
  | { readonly kind: 'remove-field'; readonly name: string; readonly occurrence: number };

/** Another field in the place of one, byte by byte. */
export interface FieldReplacement {
  readonly kind: 'replace-field';
  /** Index among the fields, without our own Received field. */
  readonly at: number;
  /** The whole field with its name and its line end. */
  readonly bytes: Uint8Array;
}

const lineFeed = 0x0a;
const lineEnd = Buffer.from('\r\n');

/** Stands for our own Received field, which is made when the message is complete. */
const ownReceived: Field = { name: '', value: '', bytes: new Uint8Array() };

export class EditableHeader {
  readonly #lines = new NamedList<Field>();
  #ownReceivedAt = 0;
  /** The lines from the first one that is no field: the empty line, or what somebody put in its place. */
  readonly #rest: Buffer;

  /** @param header - the bytes to the end of the header, the empty line included when there is one */
  constructor(header: Buffer) {
    this.#lines.push(ownReceived);
    let end = 0;
    for (const field of headerFields(header)) {
      ({ end } = field);
      this.#lines.push(fieldAt(header, field));
    }
    this.#rest = header.subarray(end);
  }

  /** The fields in order, without our own Received field. */
  get fields(): readonly Field[] {
    return [...this.#lines].filter((line) => line !== ownReceived);
  }

  /** How many fields stand above our own Received field. */
  get ownReceivedAt(): number {
    return this.#ownReceivedAt;
  }

  /** From the first line that is no field, as Latin-1; empty when that is the empty line. An empty line with CRs too many is stray as well. */
  get strayLines(): string {
    const text = this.#rest.toString('latin1');
    return text === '\r\n' || text === '\n' ? '' : text;
  }

  edit(edit: FieldEdit): void {
    this.#endLastLine();
    switch (edit.kind) {
      case 'insert-field':
        this.#lines.insert(edit.at, lineOf(edit));
        if (edit.at <= this.#ownReceivedAt) this.#ownReceivedAt++;
        break;
      case 'add-field':
        this.#lines.push(lineOf(edit));
        break;
      case 'change-field': {
        const at = this.#lines.indexOf(edit.name.toLowerCase(), edit.occurrence);
        if (at === -1) this.#lines.push(lineOf(edit));
        else this.#lines.replace(at, lineOf(edit));
        break;
      }
      case 'remove-field': {
        const at = this.#lines.indexOf(edit.name.toLowerCase(), edit.occurrence);
        if (at === -1) break;
        this.#lines.remove(at);
        if (at < this.#ownReceivedAt) this.#ownReceivedAt--;
        break;
      }
    }
  }

  /** @throws {RangeError} when there is no field at this index; `fieldReplacementFault` finds bytes that are no field */
  replace({ at, bytes }: FieldReplacement): void {
    this.#endLastLine();
    const line = at < this.#ownReceivedAt ? at : at + 1;
    const copy = Buffer.from(bytes);
    const [field] = headerFields(copy);
    if (line >= this.#lines.length || field === undefined)
      throw new RangeError(`There is no field number ${at}`);
    this.#lines.replace(line, fieldAt(copy, field));
  }

  /**
   * The header with our own Received field, as it leaves.
   * @param hasBody - whether a body follows. Then an empty line ends the header, even if there was none before
   */
  bytes(received: Uint8Array, hasBody: boolean): Buffer {
    if (hasBody) this.#endLastLine();
    const lines = [...this.#lines].map((line) => (line === ownReceived ? received : line.bytes));
    return Buffer.concat([...lines, hasBody && this.#rest.length === 0 ? lineEnd : this.#rest]);
  }

  /** The last line of a message without a body need not have an end, when it came by BDAT (RFC 3030 2). */
  #endLastLine(): void {
    const { last } = this.#lines;
    if (last === undefined || last === ownReceived || last.bytes.at(-1) === lineFeed) return;
    this.#lines.replace(this.#lines.length - 1, { ...last, bytes: Buffer.concat([last.bytes, lineEnd]) });
  }
}

/** @param header - bytes in which the field stands */
export function fieldAt(header: Buffer, { name, start, valueStart, end }: HeaderField): Field {
  const text = header.toString('utf8', valueStart, end);
  const value = text.slice(0, text.length - lastLineEnd(text).length);
  return { name, value, bytes: header.subarray(start, end) };
}

function lineOf({ name, value, isRaw }: NewField): Field {
  const folded = withLineEnds(value, '\r\n');
  if (isRaw !== true) {
    return { name: name.toLowerCase(), value: folded, bytes: Buffer.from(`${name}: ${folded}\r\n`) };
  }
  const bytes = Buffer.from(`${name}:${folded}\r\n`, 'latin1');
  return {
    name: name.toLowerCase(),
    value: bytes.toString('utf8', name.length + 1, bytes.length - 2),
    bytes,
  };
}

/** RFC 5322 2.1.1: the most characters of a line, without its end. */
const maxLineBytes = 998;
const fieldName = /^[\x21-\x39\x3b-\x7e]{1,200}$/u;

/**
 * Says what is wrong with an edit from outside; undefined when it is well-formed. A value may be folded: each line after the first
 * begins with a blank or a tab, so that no value can bring in a field of its own or end the header.
 */
export function fieldEditFault(edit: FieldEdit): string | undefined {
  if (typeof edit.name !== 'string' || !fieldName.test(edit.name))
    return 'it gave a name that no field can have';
  const count = edit.kind === 'insert-field' ? edit.at : edit.kind === 'add-field' ? 0 : edit.occurrence;
  const least = edit.kind === 'insert-field' || edit.kind === 'add-field' ? 0 : 1;
  if (!Number.isSafeInteger(count) || count < least) return `it gave the field number ${String(count)}`;
  return edit.kind === 'remove-field' ? undefined : valueFault(edit);
}

/** Says what is wrong with the bytes of a field; undefined when they are one whole field and nothing else. */
export function fieldReplacementFault({ at, bytes }: FieldReplacement): string | undefined {
  if (!Number.isSafeInteger(at) || at < 0) return `it gave the field number ${String(at)}`;
  if (!(bytes instanceof Uint8Array)) return 'it gave a field without bytes';
  const [field] = headerFields(bytes);
  const isWhole = field?.end === bytes.length && bytes.at(-1) === lineFeed;
  return isWhole ? undefined : 'it gave bytes that are not one whole field';
}

function valueFault({ name, value, isRaw }: NewField): string | undefined {
  if (typeof value !== 'string') return 'it gave a field without a value';
  if (isRaw === true && /[^\0-\xff]/u.test(value)) return 'it gave a value with a character that is no byte';
  for (const [index, line] of value.split(/\r?\n/u).entries()) {
    if (/[\0\r]/u.test(line)) return 'it gave a value with a NUL or a CR alone in it';
    // RFC 5322 3.2.2: a line of blanks only is obsolete, and read as the end of the header by some.
    const isFold = /^[ \t]/u.test(line) && line.trim() !== '';
    if (index > 0 && !isFold) return 'it gave a value with a line that does not go on with the field';
    // Whoever gives bytes passes on what was there, which may have longer lines, as the message itself may.
    const bytes = Buffer.byteLength(line) + (index === 0 ? name.length + 2 : 0);
    if (isRaw !== true && bytes > maxLineBytes) return `it gave a value with a line of ${bytes} bytes`;
  }
  return undefined;
}
