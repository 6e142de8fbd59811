// Counts how often a message was relayed or delivered before, by its Received and Delivered-To fields: the sign of a
// mail loop (RFC 5321 6.3). Works on pieces of content as they arrive, and only as far as the header block goes.

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const COLON = 0x3a;

const RECEIVED = lowerCaseBytes('received');
const DELIVERED_TO = lowerCaseBytes('delivered-to');

/** What the bytes before leave open. */
const LINE_START = 0;
/** Within a name that may be one of ours. */
const NAME = 1;
/** After the whole name; blanks may come before the colon (RFC 5322 4.5). */
const AFTER_NAME = 2;
/** Nothing more to learn from this line. */
const REST = 3;
/** A CR at the start of a line. */
const CR_ALONE = 4;

export class HopCounter {
  /** Received and Delivered-To fields so far. */
  count = 0;
  /** The header block has ended: further pieces tell nothing. */
  complete = false;

  #state = LINE_START;
  #name = RECEIVED;
  #matched = 0;

  /** Reads the next piece of content. Lines end with LF, with or without a CR before it. */
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
        if ((c | 0x20) !== this.#name[this.#matched]) this.#state = REST;
        else if (++this.#matched === this.#name.length) this.#state = AFTER_NAME;
        break;
      case AFTER_NAME:
        if (c === COLON) this.count++;
        if (c !== SPACE && c !== TAB) this.#state = REST;
        break;
      default:
        this.#state = REST;
    }
  }

  #startLine(c: number): void {
    const lower = c | 0x20;
    this.#matched = 1;
    if (c === CR) {
      this.#state = CR_ALONE;
    } else if (lower === RECEIVED[0]) {
      this.#name = RECEIVED;
      this.#state = NAME;
    } else if (lower === DELIVERED_TO[0]) {
      this.#name = DELIVERED_TO;
      this.#state = NAME;
    } else {
      this.#state = REST;
    }
  }
}

function lowerCaseBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}
