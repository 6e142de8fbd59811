// What DomainKeys (RFC 4870) sign: header fields, an empty line and the body as one stream in canonical form, for verifier and signer alike.

import { type TakeBytes, TrailingLines } from './body-canon.ts';
import type { RawField } from './header-block.ts';
import { withoutBlanks } from './tag-list.ts';

export type DomainKeyCanonicalization = 'simple' | 'nofws';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const tab = 0x09;
const space = 0x20;

export class DomainKeyText {
  readonly #isSimple: boolean;
  readonly #lines: TrailingLines;

  /** @param take - is given the canonical form, piece by piece */
  constructor(canonicalization: DomainKeyCanonicalization, take: TakeBytes) {
    this.#isSimple = canonicalization === 'simple';
    this.#lines = new TrailingLines(take);
  }

  /** RFC 4870 3.4.2: the fields in the order of the message, and the empty line. To be called once, first. */
  header(fields: readonly RawField[]): void {
    const text = fields
      .map((field) => (this.#isSimple ? field.text : `${withoutBlanks(field.text)}\r\n`))
      .join('');
    this.#lines.push(Buffer.from(`${text}\r\n`, 'latin1'));
  }

  /** The next piece of the body. */
  body(bytes: Uint8Array): void {
    this.#lines.push(this.#isSimple ? bytes : withoutFws(bytes));
  }

  /** The body has ended. */
  end(): void {
    this.#lines.finish(false);
  }
}

/** RFC 4870 3.4.2.2: no SP and TAB, and a CR only as a part of a line end. */
function withoutFws(bytes: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(bytes.length * 2);
  let length = 0;
  for (const c of bytes) {
    if (c === space || c === tab || c === carriageReturn) continue;
    if (c === lineFeed) out[length++] = carriageReturn;
    out[length++] = c;
  }
  return out.subarray(0, length);
}
