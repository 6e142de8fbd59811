// The value of one header field (RFC 5322 2.2) in content that arrives in pieces. Keeps no more than its first bytes.

import { FieldScanner, nameBytes } from './field-scanner.ts';

/** Bound of a value: the fields that are looked for are shorter. */
const maxValueBytes = 256;

/** `count` tells how many fields of the name there are. */
export class FieldValue extends FieldScanner {
  readonly #bytes: number[] = [];

  /** @param name - in any case */
  constructor(name: string) {
    super([nameBytes(name)]);
  }

  /** The unfolded value of the first field of this name, as Latin-1, without blanks at its ends. */
  get value(): string {
    return Buffer.from(this.#bytes).toString('latin1').trim();
  }

  protected override valueByte(byte: number): boolean {
    if (this.count > 1 || this.#bytes.length >= maxValueBytes) return false;
    this.#bytes.push(byte);
    return true;
  }
}
