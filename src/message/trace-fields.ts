// What every message's header is looked through for, in one pass: the Received and Delivered-To fields, of which too many mean a mail
// loop (RFC 5321 6.3), and `TLS-Required: No` (RFC 8689 5).

import { FieldScanner, nameBytes } from './field-scanner.ts';
import { PassedHosts } from './passed-hosts.ts';

const tlsRequired = nameBytes('tls-required');
const received = nameBytes('received');
const names = [received, nameBytes('delivered-to'), tlsRequired];

/** The value is short, and blanks around it are no part of it. */
const mostValueBytes = 64;

export class TraceFields extends FieldScanner {
  /** Number of Received and Delivered-To fields so far. */
  hops = 0;
  /** The hosts that the message has passed, by the Received fields from `readFrom` on; undefined while there are no more. */
  passed: PassedHosts | undefined;
  readonly #readFrom: number;
  #tlsFields = 0;
  #field: 'tls' | 'received' | 'other' = 'other';
  #value = '';

  /** @param readFrom - with so many trace fields, those that come are read: mail with fewer costs no more than their count */
  constructor(readFrom = Infinity) {
    super(names);
    this.#readFrom = readFrom;
  }

  /** Does the header say `TLS-Required: No`, once? Any other value, and several fields, say nothing (RFC 8689 5). */
  get waivesTls(): boolean {
    const isWhole = this.#value.length < mostValueBytes;
    return isWhole && this.#tlsFields === 1 && this.#value.trim().toLowerCase() === 'no';
  }

  protected override fieldFound(name: Uint8Array): void {
    if (name === tlsRequired) {
      this.#field = 'tls';
      this.#tlsFields++;
      return;
    }
    const isRead = name === received && this.hops >= this.#readFrom;
    this.#field = isRead ? 'received' : 'other';
    this.hops++;
    if (isRead) (this.passed ??= new PassedHosts()).begin();
  }

  protected override valueByte(byte: number): boolean {
    if (this.#field === 'received') return this.passed?.take(byte) === true;
    if (this.#field === 'other' || this.#value.length >= mostValueBytes) return false;
    this.#value += String.fromCodePoint(byte);
    return true;
  }
}
