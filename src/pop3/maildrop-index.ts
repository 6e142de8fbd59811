// The messages of a Maildir as one POP3 session numbers them (RFC 1939 5): in the order of the times in their names, whatever readers do with
// the files meanwhile. Kept in few bytes for each message, since a mailbox may have 100,000.

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import type { Maildrop } from '../protocol/pop3/server-types.ts';
import { type MaildirPart, MaildirParts } from './maildir-parts.ts';

/** RFC 1939 7. */
const fitForUid = /^[\x21-\x7e]{1,70}$/;

/** What stays the same as long as the message is there: all before the flags. */
export function uniqueOf(name: string): string {
  const colon = name.indexOf(':');
  return colon === -1 ? name : name.slice(0, colon);
}

export function uidOf(unique: string): string {
  if (fitForUid.test(unique)) return unique;
  return createHash('sha256').update(unique).digest('base64url');
}

/** Unix microseconds; 0 for a name without a time. */
function microsIn(name: string): number {
  const seconds = Number.parseInt(name, 10);
  if (!(seconds >= 0)) return 0;
  const at = name.indexOf('.M');
  const micros = at === -1 ? 0 : Number.parseInt(name.slice(at + 2, at + 8), 10);
  return seconds * 1e6 + (micros > 0 ? micros : 0);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

/** Octets as RETR sends them, if the name tells them (`,W=`). */
function octetsIn(name: string): number {
  const at = name.indexOf(',W=');
  if (at === -1) return Number.NaN;
  const digits = name.slice(at + 3, at + 19);
  const octets = Number.parseInt(digits, 10);
  return /^\d{1,15}(?:[,:]|$)/.test(digits) ? octets : Number.NaN;
}

/**
 * The names in a Maildir, first those in `new`: a message that a reader moves to `cur` meanwhile is then there twice, and not missing.
 * @throws {Error} of the system
 */
async function namesIn(
  parts: MaildirParts,
): Promise<{ readonly fresh: string[]; readonly current: string[] }> {
  const fresh = await readdir(parts.path('new'));
  return { fresh, current: await readdir(parts.path('cur')) };
}

export class MaildropIndex implements Maildrop {
  readonly folder: string;
  readonly #parts: MaildirParts;
  readonly #names: string[];
  readonly #isFresh: Uint8Array;
  /** NaN: not known. */
  readonly #octets: Float64Array;
  /** When the folders were read last, by `performance.now()`. */
  #readAtMs = performance.now();

  private constructor(
    folder: string,
    parts: MaildirParts,
    fresh: readonly string[],
    current: readonly string[],
  ) {
    this.folder = folder;
    this.#parts = parts;
    // Those in `cur` first: of a message that was moved meanwhile, they are the later names.
    const names = [...current, ...fresh];
    const times = Float64Array.from(names, microsIn);
    const order = Uint32Array.from(names.keys()).sort(
      (one, other) =>
        (times[one] ?? 0) - (times[other] ?? 0) ||
        compare(uniqueOf(names[one] ?? ''), uniqueOf(names[other] ?? '')) ||
        one - other,
    );
    let before = '';
    // Readers pass over names that begin with a dot.
    const kept = order.filter((at) => {
      const name = names[at] ?? '';
      const unique = uniqueOf(name);
      const isKept = unique !== before && !name.startsWith('.');
      before = unique;
      return isKept;
    });
    this.#names = Array.from(kept, (at) => names[at] ?? '');
    this.#isFresh = Uint8Array.from(kept, (at) => (at < current.length ? 0 : 1));
    this.#octets = Float64Array.from(this.#names, octetsIn);
  }

  /** To be closed. @throws {Error} of the system; ENOENT when there is no Maildir */
  static async open(folder: string): Promise<MaildropIndex> {
    const parts = await MaildirParts.open(folder);
    try {
      const { fresh, current } = await namesIn(parts);
      return new MaildropIndex(folder, parts, fresh, current);
    } catch (error) {
      parts.close();
      throw error;
    }
  }

  /** Of a mailbox into which nothing was delivered yet. */
  static empty(folder: string): MaildropIndex {
    return new MaildropIndex(folder, MaildirParts.none(folder), [], []);
  }

  close(): void {
    this.#parts.close();
  }

  get count(): number {
    return this.#names.length;
  }

  sizeOf(number: number): number | undefined {
    const octets = this.#octets[number - 1] ?? Number.NaN;
    return Number.isNaN(octets) ? undefined : octets;
  }

  uidOf(number: number): string {
    return uidOf(uniqueOf(this.#nameOf(number)));
  }

  /** A message was measured. */
  measured(number: number, octets: number): void {
    this.#octets[number - 1] = octets;
  }

  /** Where a message was when the folders were read last. */
  placeOf(number: number): { readonly path: string; readonly name: string; readonly part: MaildirPart } {
    const part = this.#isFresh[number - 1] === 1 ? 'new' : 'cur';
    const name = this.#nameOf(number);
    return { path: this.#parts.path(part, name), name, part };
  }

  /** Where a message is that has been seen. */
  pathInCur(name: string): string {
    return this.#parts.path('cur', name);
  }

  /** Reads the folders again, unless somebody has done so since that time. Messages that have gone stay where they were. */
  async find(sinceMs: number): Promise<void> {
    if (this.#readAtMs > sinceMs) return;
    const startedAtMs = performance.now();
    const { fresh, current } = await namesIn(this.#parts);
    const places = new Map<string, { readonly name: string; readonly isFresh: boolean }>();
    for (const name of fresh) places.set(uniqueOf(name), { name, isFresh: true });
    for (const name of current) places.set(uniqueOf(name), { name, isFresh: false });
    for (const [index, name] of this.#names.entries()) {
      const place = places.get(uniqueOf(name));
      if (place === undefined) continue;
      this.#names[index] = place.name;
      this.#isFresh[index] = place.isFresh ? 1 : 0;
    }
    this.#readAtMs = startedAtMs;
  }

  #nameOf(number: number): string {
    const name = this.#names[number - 1];
    if (name === undefined) throw new RangeError(`there is no message ${number}`);
    return name;
  }
}
