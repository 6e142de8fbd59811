// The header of a message as signatures see it: fields with their bytes as they are, found by name from the bottom up (RFC 6376 5.4.2),
// and their canonical forms (3.4.1, 3.4.2).

import { headerFields } from '../message/header-fields.ts';

export type HeaderCanonicalization = 'simple' | 'relaxed';

/** One field. Texts have one character for each byte. */
export interface RawField {
  /** Lower case. */
  readonly name: string;
  /** The whole field with its line end. */
  readonly text: string;
  /** Where the value begins, after the colon. */
  readonly valueStart: number;
}

export class HeaderBlock {
  /** From the top. */
  readonly fields: readonly RawField[];
  /** Indexes into `fields`, from the top. */
  readonly #byName = new Map<string, number[]>();

  /** @param header - with or without the empty line at its end */
  constructor(header: Uint8Array) {
    const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
    const fields: RawField[] = [];
    for (const { name, start, valueStart, end } of headerFields(bytes)) {
      const at = fields.push({
        name,
        text: ended(bytes.toString('latin1', start, end)),
        valueStart: valueStart - start,
      });
      const known = this.#byName.get(name);
      if (known === undefined) this.#byName.set(name, [at - 1]);
      else known.push(at - 1);
    }
    this.fields = fields;
  }

  /** The fields of this name, from the top. */
  named(name: string): readonly RawField[] {
    return (this.#byName.get(name) ?? []).map((at) => this.fields[at] as RawField);
  }

  count(name: string): number {
    return this.#byName.get(name)?.length ?? 0;
  }

  /**
   * The fields that `h=` means: each name takes the next one from the bottom up. A name without one left stands for nothing, and
   * nothing can be added later without breaking the signature (RFC 6376 5.4.2).
   *
   * @param names - in lower case
   * @param without - the signature itself, which is not among them
   */
  select(names: readonly string[], without?: RawField): RawField[] {
    const left = new Map<string, number>();
    const selected: RawField[] = [];
    for (const name of names) {
      const all = this.#byName.get(name);
      if (all === undefined) continue;
      let next = left.get(name) ?? all.length;
      let field: RawField | undefined;
      do field = next > 0 ? this.fields[all[--next] as number] : undefined;
      while (field !== undefined && field === without);
      left.set(name, next);
      if (field !== undefined) selected.push(field);
    }
    return selected;
  }
}

/** The last line of a message without a body need not have an end (RFC 3030 2). It gets one when it leaves. */
function ended(text: string): string {
  return text.endsWith('\n') ? text : `${text}\r\n`;
}

/** The canonical form of a field, with its line end. */
export function canonicalField(kind: HeaderCanonicalization, { name, text, valueStart }: RawField): string {
  // RFC 6376 3.4.1: not changed in any way.
  return kind === 'simple' ? text : relaxedField(name, text.slice(valueStart));
}

/** Folds, and blanks that are not one SP. */
const unusual = /[\t\r\n]| {2}/;

/** RFC 6376 3.4.2: name in lower case, unfolded, runs of blanks as one SP, none around the value. Blanks are SP and TAB only. */
export function relaxedField(name: string, value: string): string {
  const line = value.endsWith('\r\n') ? value.slice(0, -2) : value;
  // Most fields are one line without such runs, and need no second look.
  const text = unusual.test(line) ? line.replaceAll(/\r?\n/g, '').replaceAll(/[ \t]+/g, ' ') : line;
  const start = text.startsWith(' ') ? 1 : 0;
  const end = text.length > start && text.endsWith(' ') ? text.length - 1 : text.length;
  return `${name}:${text.slice(start, end)}\r\n`;
}
