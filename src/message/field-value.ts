// Finds the value of one header field (RFC 5322 2.2) in content that arrives in pieces, however it was cut, and only as
// far as the header block goes. Keeps no more than the first bytes of the value.

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const COLON = 0x3a;

/** No value that is looked for is longer. */
const maxValueBytes = 256;

/** What the bytes before leave open. */
const LINE_START = 0;
/** Within a name that may be the one. */
const NAME = 1;
/** After the whole name; blanks may come before the colon (RFC 5322 4.5). */
const AFTER_NAME = 2;
const VALUE = 3;
/** Nothing to learn from this line. */
const REST = 4;
/** A CR at the start of a line. */
const CR_ALONE = 5;

export class FieldValue {
  /** Fields of this name so far. */
  count = 0;
  /** The header block has ended: further pieces tell nothing. */
  complete = false;
  readonly #name: Uint8Array;
  #state = LINE_START;
  #matched = 0;
  /** A line that begins with a blank goes on with the value (RFC 5322 2.2.3). */
  #inField = false;
  #bytes: number[] = [];

  /** @param name - in any case */
  constructor(name: string) {
    this.#name = Buffer.from(name.toLowerCase(), 'latin1');
  }

  /** The unfolded value of the first field of this name, as Latin-1, without blanks at its ends. */
  get value(): string {
    return Buffer.from(this.#bytes).toString('latin1').trim();
  }

  /** The next piece of the content; lines end with LF, with or without a CR before it. */
  push(bytes: Uint8Array): void {
    let i = 0;
    while (i < bytes.length && !this.complete) {
      if (this.#state === REST) {
        const lf = bytes.indexOf(LF, i);
        if (lf < 0) return;
        this.#state = LINE_START;
        i = lf + 1;
      } else {
        this.#step(bytes[i] as number);
        i++;
      }
    }
  }

  #step(c: number): void {
    if (c === LF) {
      // RFC 5322 2.1: the header block ends with an empty line.
      if (this.#state === LINE_START || this.#state === CR_ALONE) this.complete = true;
      else this.#state = LINE_START;
      return;
    }
    switch (this.#state) {
      case LINE_START:
        this.#startLine(c);
        break;
      case NAME:
        this.#nameByte(c);
        break;
      case AFTER_NAME:
        if (c === COLON) this.#startValue();
        else if (c !== SPACE && c !== TAB) this.#state = REST;
        break;
      case VALUE:
        this.#valueByte(c);
        break;
      default:
        this.#state = REST;
    }
  }

  #startLine(c: number): void {
    if ((c === SPACE || c === TAB) && this.#inField) {
      this.#state = VALUE;
      this.#valueByte(c);
      return;
    }
    this.#inField = false;
    this.#matched = 0;
    if (c === CR) this.#state = CR_ALONE;
    else this.#nameByte(c);
  }

  #nameByte(c: number): void {
    const lower = c >= 0x41 && c <= 0x5a ? c | 0x20 : c;
    if (lower !== this.#name[this.#matched]) this.#state = REST;
    else if (++this.#matched === this.#name.length) this.#state = AFTER_NAME;
    else this.#state = NAME;
  }

  #startValue(): void {
    this.count++;
    this.#inField = true;
    this.#state = VALUE;
  }

  #valueByte(c: number): void {
    if (this.count > 1 || this.#bytes.length >= maxValueBytes) this.#state = REST;
    else if (c !== CR) this.#bytes.push(c);
  }
}
