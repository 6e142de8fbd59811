// Finds header fields by name (RFC 5322 2.2) in the header block of content that arrives in pieces, cut anywhere. A subclass
// decides what to do with a field.

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const tab = 0x09;
const space = 0x20;
const colon = 0x3a;

// States of the scanner between two bytes.
const atLineStart = 0;
/** Within a field name that may be one of the wanted ones. */
const inName = 1;
/** After the whole name; blanks may come before the colon (RFC 5322 4.5). */
const afterName = 2;
const inValue = 3;
/** The rest of this line does not matter. */
const inRest = 4;
/** Only CRs since the start of a line. */
const crsOnly = 5;

export abstract class FieldScanner {
  /** Number of fields so far with one of the names. */
  count = 0;
  /** The header block has ended, or the subclass needs no more: further pieces are ignored. */
  complete = false;
  /** Number of bytes before the empty line that ends the header block; -1 before that line has come. */
  headerBytes = -1;
  readonly #names: readonly Uint8Array[];
  #name: Uint8Array = nothing;
  #state = atLineStart;
  #matched = 0;
  /** Offset at which a line of CRs began. */
  #crsAt = 0;
  /** Number of bytes in earlier pieces. */
  #before = 0;
  /** CRs in the value that may belong to a line end. */
  #afterCr = false;
  /** A line that begins with a blank goes on with the value (RFC 5322 2.2.3). */
  #inField = false;

  /** @param names - lower case, with different first letters */
  constructor(names: readonly Uint8Array[]) {
    this.#names = names;
  }

  /** Called when a field with one of the names begins. */
  protected fieldFound(_name: Uint8Array): void {
    // Most subclasses need only the count.
  }

  /** Called with each byte of a value, without line ends. Return false to ignore the rest of the line. */
  protected abstract valueByte(byte: number): boolean;

  /** The next piece of the content. Lines end with LF and whatever CRs come before it; a CR that belongs to no LF ends no line. */
  push(bytes: Uint8Array): void {
    let i = 0;
    while (i < bytes.length && !this.complete) {
      if (this.#state === inRest) {
        const lf = bytes.indexOf(lineFeed, i);
        if (lf === -1) break;
        this.#state = atLineStart;
        i = lf + 1;
      } else {
        this.#step(bytes[i] as number, this.#before + i);
        i++;
      }
    }
    this.#before += bytes.length;
  }

  #step(c: number, at: number): void {
    if (c === lineFeed) {
      // RFC 5322 2.1: the header block ends with an empty line.
      if (this.#state === atLineStart || this.#state === crsOnly) {
        this.complete = true;
        this.headerBytes = this.#state === crsOnly ? this.#crsAt : at;
      }
      this.#state = atLineStart;
      this.#afterCr = false;
      return;
    }
    switch (this.#state) {
      case atLineStart:
        this.#startLine(c, at);
        break;
      case inName:
        this.#nameByte(c);
        break;
      case afterName:
        if (c === colon) this.#startValue();
        else if (c !== space && c !== tab) this.#state = inRest;
        break;
      case inValue:
        this.#inValue(c);
        break;
      case crsOnly:
        if (c !== carriageReturn) this.#state = inRest;
        break;
      default:
        this.#state = inRest;
    }
  }

  #startLine(c: number, at: number): void {
    if ((c === space || c === tab) && this.#inField) {
      this.#inValue(c);
      return;
    }
    this.#inField = false;
    this.#matched = 0;
    if (c === carriageReturn) {
      this.#state = crsOnly;
      this.#crsAt = at;
      return;
    }
    const first = lowerCase(c);
    this.#name = nothing;
    for (const name of this.#names) if (name[0] === first) this.#name = name;
    this.#nameByte(c);
  }

  #nameByte(c: number): void {
    if (lowerCase(c) !== this.#name[this.#matched]) this.#state = inRest;
    else if (++this.#matched === this.#name.length) this.#state = afterName;
    else this.#state = inName;
  }

  #startValue(): void {
    this.count++;
    this.fieldFound(this.#name);
    this.#inField = true;
    this.#state = inValue;
  }

  #inValue(c: number): void {
    this.#state = inValue;
    if (c === carriageReturn) {
      this.#afterCr = true;
      return;
    }
    const wanted = (!this.#afterCr || this.valueByte(carriageReturn)) && this.valueByte(c);
    this.#afterCr = false;
    if (!wanted) this.#state = inRest;
  }
}

const nothing = new Uint8Array(0);

function lowerCase(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c | 0x20 : c;
}

/** The bytes of a field name, for comparison. */
export function nameBytes(name: string): Uint8Array {
  return Buffer.from(name.toLowerCase(), 'latin1');
}
