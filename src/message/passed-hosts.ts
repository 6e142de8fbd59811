// The hosts that a message has passed, as its Received fields name them behind "by" (RFC 5321 4.4): in a mail loop, those that come again and again
// are its members. Promise: whatever the fields say, its memory is bounded.

import { replaceUnprintable } from '../values/unprintable.ts';

/** Of one field. What comes behind "by" stands at its beginning. */
const mostFieldBytes = 512;
/** Different hosts that are counted. */
const mostHosts = 50;
const mostNamed = 8;
const mostNameCharacters = 100;

export class PassedHosts {
  readonly #counts = new Map<string, number>();
  #field = '';

  /** Another Received field begins. */
  begin(): void {
    this.#read();
  }

  /** The next byte of its value. @returns whether more of it is of use */
  take(byte: number): boolean {
    this.#field += String.fromCodePoint(byte);
    return this.#field.length < mostFieldBytes;
  }

  /** Those that come most often, each with how often: `a.example (12 times)`. */
  get text(): string {
    this.#read();
    return [...this.#counts]
      .sort(([, one], [, other]) => other - one)
      .slice(0, mostNamed)
      .map(([host, count]) => (count === 1 ? host : `${host} (${count} times)`))
      .join(', ');
  }

  #read(): void {
    const [, name] = /(?:^|[\s)])by\s+([^\s;]+)/i.exec(this.#field) ?? [];
    this.#field = '';
    if (name === undefined) return;
    const host = replaceUnprintable(name, '?').slice(0, mostNameCharacters).toLowerCase();
    const count = this.#counts.get(host);
    if (count !== undefined || this.#counts.size < mostHosts) this.#counts.set(host, (count ?? 0) + 1);
  }
}
