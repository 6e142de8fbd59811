// What every message's header is looked through for, in one pass: the Received and Delivered-To fields, of which too many mean a mail
// loop (RFC 5321 6.3), and `TLS-Required: No` (RFC 8689 5).

import { FieldScanner, nameBytes } from './field-scanner.ts';

const tlsRequired = nameBytes('tls-required');
const names = [nameBytes('received'), nameBytes('delivered-to'), tlsRequired];

/** The value is short, and blanks around it are no part of it. */
const mostValueBytes = 64;

export class TraceFields extends FieldScanner {
  /** Number of Received and Delivered-To fields so far. */
  hops = 0;
  #tlsFields = 0;
  #isTlsField = false;
  #value = '';

  constructor() {
    super(names);
  }

  /** Does the header say `TLS-Required: No`, once? Any other value, and several fields, say nothing (RFC 8689 5). */
  get waivesTls(): boolean {
    const isWhole = this.#value.length < mostValueBytes;
    return isWhole && this.#tlsFields === 1 && this.#value.trim().toLowerCase() === 'no';
  }

  protected override fieldFound(name: Uint8Array): void {
    this.#isTlsField = name === tlsRequired;
    if (this.#isTlsField) this.#tlsFields++;
    else this.hops++;
  }

  protected override valueByte(byte: number): boolean {
    if (!this.#isTlsField || this.#value.length >= mostValueBytes) return false;
    this.#value += String.fromCodePoint(byte);
    return true;
  }
}
