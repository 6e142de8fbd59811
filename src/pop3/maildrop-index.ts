// The messages of a Maildir as one POP3 session numbers them (RFC 1939 5): in the order of the times in their names, whatever readers do with
// the files meanwhile. Kept in few bytes for each message, since a mailbox may have 100,000.

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Maildrop } from '../protocol/pop3/server-types.ts';

export type MaildirPart = 'new' | 'cur';

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

/** Seconds and, where the name has them, microseconds; 0 for a name without a time. */
function timeIn(name: string): number {
  const seconds = Number.parseInt(name, 10);
  if (!(seconds >= 0)) return 0;
  const at = name.indexOf('.M');
  const micros = at === -1 ? 0 : Number.parseInt(name.slice(at + 2, at + 8), 10);
  return seconds + (micros > 0 ? micros / 1e6 : 0);
}

/** Octets as RETR sends them, if the name tells them (`,W=`). */
function octetsIn(name: string): number {
  const at = name.indexOf(',W=');
  if (at === -1) return Number.NaN;
  const [digits = ''] = /^\d{0,15}(?![\d])/.exec(name.slice(at + 3, at + 19)) ?? [];
  return digits === '' ? Number.NaN : Number(digits);
}

/**
 * The names in a Maildir, first those in `new`: a message that a reader moves to `cur` meanwhile is then there twice, and not missing.
 * @throws {Error} of the system; ENOENT when there is no Maildir
 */
async function namesIn(folder: string): Promise<{ readonly fresh: string[]; readonly current: string[] }> {
  const fresh = await readdir(join(folder, 'new'));
  return { fresh, current: await readdir(join(folder, 'cur')) };
}

export class MaildropIndex implements Maildrop {
  readonly folder: string;
  readonly #names: string[];
  readonly #isFresh: Uint8Array;
  /** NaN: not known. */
  readonly #octets: Float64Array;
  /** When the folders were read last, by `performance.now()`. */
  #readAtMs = performance.now();

  private constructor(folder: string, fresh: readonly string[], current: readonly string[]) {
    this.folder = folder;
    const seen = new Set<string>();
    const found: { readonly name: string; readonly timeS: number; readonly isFresh: boolean }[] = [];
    for (const [names, isFresh] of [
      [current, false],
      [fresh, true],
    ] as const) {
      for (const name of names) {
        // Readers pass over names that begin with a dot.
        if (name.startsWith('.')) continue;
        const unique = uniqueOf(name);
        if (seen.has(unique)) continue;
        seen.add(unique);
        found.push({ name, timeS: timeIn(name), isFresh });
      }
    }
    found.sort(
      (one, other) => one.timeS - other.timeS || (uniqueOf(one.name) < uniqueOf(other.name) ? -1 : 1),
    );
    this.#names = found.map(({ name }) => name);
    this.#isFresh = Uint8Array.from(found, ({ isFresh }) => (isFresh ? 1 : 0));
    this.#octets = Float64Array.from(found, ({ name }) => octetsIn(name));
  }

  /** @throws {Error} of the system; ENOENT when there is no Maildir */
  static async open(folder: string): Promise<MaildropIndex> {
    const { fresh, current } = await namesIn(folder);
    return new MaildropIndex(folder, fresh, current);
  }

  /** Of a mailbox into which nothing was delivered yet. */
  static empty(folder: string): MaildropIndex {
    return new MaildropIndex(folder, [], []);
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
    return { path: join(this.folder, part, name), name, part };
  }

  /** Reads the folders again, unless somebody has done so since that time. Messages that have gone stay where they were. */
  async find(sinceMs: number): Promise<void> {
    if (this.#readAtMs > sinceMs) return;
    const startedAtMs = performance.now();
    const { fresh, current } = await namesIn(this.folder);
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
