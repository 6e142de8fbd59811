// Finds header fields by name (RFC 5322 2.2) in content that arrives in pieces, however it was cut, and only as far as the
// header block goes. What becomes of a field is the business of who extends this.

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const COLON = 0x3a;

/** What the bytes before leave open. */
const LINE_START = 0;
/** Within a name that may be one of those. */
const NAME = 1;
/** After the whole name; blanks may come before the colon (RFC 5322 4.5). */
const AFTER_NAME = 2;
const VALUE = 3;
/** Nothing to learn from this line. */
const REST = 4;
/** Only CRs since the start of a line. */
const CRS_ONLY = 5;

export abstract class FieldScanner {
  /** Fields with one of the names so far. */
  count = 0;
  /** The header block has ended, or who extends this knows enough: further pieces tell nothing. */
  complete = false;
  /** How many bytes come before the empty line that ends the header block; -1 while it has not come. */
  headerBytes = -1;
  readonly #names: readonly Uint8Array[];
  #name: Uint8Array = nothing;
  #state = LINE_START;
  #matched = 0;
  /** Where a line of CRs began. */
  #crsAt = 0;
  /** Bytes of the pieces before. */
  #before = 0;
  /** CRs in the value that may belong to a line end. */
  #afterCr = false;
  /** A line that begins with a blank goes on with the value (RFC 5322 2.2.3). */
  #inField = false;

  /** @param names - lower case, with different first letters */
  constructor(names: readonly Uint8Array[]) {
    this.#names = names;
  }

  /** A field begins; the name is one of those that were asked for. */
  protected fieldFound(_name: Uint8Array): void {
    // Most need no more than the count.
  }

  /** A byte of a value, line ends left out. False: nothing more is wanted of this line. */
  protected abstract valueByte(byte: number): boolean;

  /** The next piece of the content. Lines end with LF and whatever CRs come before it; a CR that belongs to no LF ends no line. */
  push(bytes: Uint8Array): void {
    let i = 0;
    while (i < bytes.length && !this.complete) {
      if (this.#state === REST) {
        const lf = bytes.indexOf(LF, i);
        if (lf < 0) break;
        this.#state = LINE_START;
        i = lf + 1;
      } else {
        this.#step(bytes[i] as number, this.#before + i);
        i++;
      }
    }
    this.#before += bytes.length;
  }

  #step(c: number, at: number): void {
    if (c === LF) {
      // RFC 5322 2.1: the header block ends with an empty line.
      if (this.#state === LINE_START || this.#state === CRS_ONLY) {
        this.complete = true;
        this.headerBytes = this.#state === CRS_ONLY ? this.#crsAt : at;
      }
      this.#state = LINE_START;
      this.#afterCr = false;
      return;
    }
    switch (this.#state) {
      case LINE_START:
        this.#startLine(c, at);
        break;
      case NAME:
        this.#nameByte(c);
        break;
      case AFTER_NAME:
        if (c === COLON) this.#startValue();
        else if (c !== SPACE && c !== TAB) this.#state = REST;
        break;
      case VALUE:
        this.#inValue(c);
        break;
      case CRS_ONLY:
        if (c !== CR) this.#state = REST;
        break;
      default:
        this.#state = REST;
    }
  }

  #startLine(c: number, at: number): void {
    if ((c === SPACE || c === TAB) && this.#inField) {
      this.#inValue(c);
      return;
    }
    this.#inField = false;
    this.#matched = 0;
    if (c === CR) {
      this.#state = CRS_ONLY;
      this.#crsAt = at;
      return;
    }
    const first = lowerCase(c);
    this.#name = nothing;
    for (const name of this.#names) if (name[0] === first) this.#name = name;
    this.#nameByte(c);
  }

  #nameByte(c: number): void {
    if (lowerCase(c) !== this.#name[this.#matched]) this.#state = REST;
    else if (++this.#matched === this.#name.length) this.#state = AFTER_NAME;
    else this.#state = NAME;
  }

  #startValue(): void {
    this.count++;
    this.fieldFound(this.#name);
    this.#inField = true;
    this.#state = VALUE;
  }

  #inValue(c: number): void {
    this.#state = VALUE;
    if (c === CR) {
      this.#afterCr = true;
      return;
    }
    const wanted = (!this.#afterCr || this.valueByte(CR)) && this.valueByte(c);
    this.#afterCr = false;
    if (!wanted) this.#state = REST;
  }
}

const nothing = new Uint8Array(0);

function lowerCase(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c | 0x20 : c;
}

/** A name as it is compared. */
export function nameBytes(name: string): Uint8Array {
  return Buffer.from(name.toLowerCase(), 'latin1');
}
