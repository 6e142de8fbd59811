// Constant databases (cdb), for millions of keys; other programs write them, too. Only the pointers to the hash tables are held
// in memory: a look-up takes two reads, which the page cache of the system answers. Promises: a file that is overwritten where it
// is gives no answers but "failing".
//
// Measured with 10 million keys (548 MB) in the page cache: synchronous reads answer 230,000 look-ups in a second of one core's
// time, one key at a call. Asynchronous ones take four times as long one after the other, and occupy threads that the spool needs
// for its own writes. From the disk a read took 0.06 ms in the median, and 20 ms at worst. So reads are synchronous, and
// asynchronous for a while after the disk was slow.

import { fstatSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { readRecords } from '../cdb/all-records.ts';
import { hashTables } from '../cdb/format.ts';
import { endOfRecords, type Index, readHeader, readIndex, warningsOf } from '../cdb/header.ts';
import { CdbSearch, type HashTables } from '../cdb/search.ts';
import { RecentMap } from '../../dns/recent-map.ts';
import type { Contents, TableFile, TableKind } from '../contents.ts';
import { Places } from '../places.ts';
import { absent, allFailing, type Answer, firstOf } from '../table.ts';
import { problemOf } from '../table-error.ts';

/** When the look-ups of one call take longer, the disk may be slow. */
const slowMs = 10;
/** Then reads are asynchronous for this time. */
const slowForMs = 1_000;
/** Asynchronous look-ups under way at once: they must leave threads for the spool. */
const mostAtOnce = 2;
/** Asynchronous look-ups that wait for their turn; further ones fail. */
const mostWaiting = 10_000;
/** Room for the first read of any search. */
const usualReadBytes = 256;

/** Answers about many domains that are kept. */
const mostWide = 10_000;

/** Tells from the time that a call took whether the disk was slow. */
export type IsDiskSlow = (tookMs: number) => boolean;

export const cdb: TableKind = cdbOn(slowReads);

/** With the hash tables in memory, 16 bytes a record: a key that is not there costs no read, and one that is there costs one. */
export const cdbWithIndex: TableKind = cdbOn(slowReads, true);

/** Constant databases with another measure of a slow disk. @param measure - makes one for each database */
export function cdbOn(measure: () => IsDiskSlow, holdsIndex = false): TableKind {
  return { seesWrites: false, open: (file) => openCdb(file, measure(), holdsIndex) };
}

function slowReads(): IsDiskSlow {
  const reads = new DiskReads();
  return (tookMs) => tookMs > slowMs && reads.were();
}

/** Whether this process has read from a disk: on a busy machine, calls take long without it. */
class DiskReads {
  #blocks = process.resourceUsage().fsRead;

  /** Since the last question. */
  were(): boolean {
    const before = this.#blocks;
    this.#blocks = process.resourceUsage().fsRead;
    return this.#blocks !== before;
  }
}

async function openCdb(
  { handle, sizeBytes }: TableFile,
  isSlow: IsDiskSlow,
  holdsIndex: boolean,
): Promise<Contents> {
  try {
    const tables = await readHeader(handle, sizeBytes);
    const end = endOfRecords(tables);
    const warnings = await warningsOf(handle, end);
    const index = holdsIndex ? await readIndex(handle, end, sizeBytes) : undefined;
    return new CdbContents({ handle, tables, sizeBytes, warnings, isSlow, index });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

interface CdbParts {
  readonly handle: FileHandle;
  readonly tables: HashTables;
  readonly sizeBytes: number;
  readonly warnings: readonly string[];
  readonly isSlow: IsDiskSlow;
  readonly index: Index | undefined;
}

class CdbContents implements Contents {
  readonly summary: string;
  readonly warnings: readonly string[];
  readonly endsEarly = false;
  readonly #handle: FileHandle;
  readonly #tables: HashTables;
  readonly #sizeBytes: number;
  readonly #modifiedMs: number;
  readonly #search: CdbSearch;
  readonly #isSlow: IsDiskSlow;
  #buffer = Buffer.allocUnsafeSlow(usualReadBytes);
  /** Reads are asynchronous until then, on the monotonic clock. */
  #slowUntilMs = -Infinity;
  readonly #places = new Places(mostAtOnce, mostWaiting);
  #isWhole = true;
  /** What was found of keys that are about many domains. */
  readonly #wide = new RecentMap<string, Answer>(mostWide);

  readonly #index: Index | undefined;
  /** Something was read of the file since it was compared with the one that was opened. */
  #wasRead = false;

  constructor({ handle, index, tables, sizeBytes, warnings, isSlow }: CdbParts) {
    this.#index = index;
    this.warnings = warnings;
    this.#isSlow = isSlow;
    this.#handle = handle;
    this.#tables = tables;
    this.#sizeBytes = sizeBytes;
    this.#search = new CdbSearch(tables, sizeBytes);
    this.#modifiedMs = fstatSync(handle.fd).mtimeMs;
    this.summary = recordsText(tables);
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  lookup(keys: readonly string[]): readonly Answer[] | Promise<readonly Answer[]> {
    const startMs = performance.now();
    if (startMs < this.#slowUntilMs) return this.#lookupSlowly(keys);
    try {
      const answers: Answer[] = [];
      for (const key of keys) answers.push(this.#find(Buffer.from(key)));
      this.#compare(fstatSync(this.#handle.fd));
      const endMs = performance.now();
      if (this.#isSlow(endMs - startMs)) this.#slowUntilMs = endMs + slowForMs;
      return this.#isWhole ? answers : allFailing(keys, overwritten);
    } catch (error) {
      return allFailing(keys, problemOf(error).text);
    }
  }

  lookupFirst(keys: readonly string[]): Answer | Promise<Answer> {
    const startMs = performance.now();
    if (startMs < this.#slowUntilMs) return this.#lookupSlowly(keys).then(firstOf);
    try {
      let first: Answer = absent;
      for (const key of keys) {
        first = isWide(key) ? this.#findWide(key) : this.#find(Buffer.from(key));
        if (first.kind !== 'absent') break;
      }
      if (!this.#wasRead && this.#isWhole) return first;
      this.#compare(fstatSync(this.#handle.fd));
      const endMs = performance.now();
      if (this.#isSlow(endMs - startMs)) this.#slowUntilMs = endMs + slowForMs;
      return this.#isWhole ? first : { kind: 'failing', reason: overwritten };
    } catch (error) {
      return { kind: 'failing', reason: problemOf(error).text };
    }
  }

  async readAll(take: (key: string, value: string) => void): Promise<void> {
    await readRecords(this.#handle, (key, value) => take(key.toString(), value.toString()));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Few of such keys are asked for again and again, for all the domains below them. */
  #findWide(key: string): Answer {
    const known = this.#wide.get(key);
    if (known !== undefined) return known;
    const answer = this.#find(Buffer.from(key));
    if (answer.kind !== 'failing') this.#wide.set(key, answer);
    return answer;
  }

  #find(key: Buffer): Answer {
    const search = this.#search;
    search.begin(key);
    while (search.length > 0) {
      const from = this.#index === undefined ? -1 : search.position - this.#index.start;
      if (this.#index !== undefined && from >= 0) {
        search.take(this.#index.bytes.subarray(from), this.#index.bytes.length - from);
        continue;
      }
      this.#wasRead = true;
      if (search.length > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(search.length);
      search.take(this.#buffer, readSync(this.#handle.fd, this.#buffer, 0, search.length, search.position));
    }
    return answerOf(search);
  }

  async #lookupSlowly(keys: readonly string[]): Promise<readonly Answer[]> {
    if (!(await this.#places.take()))
      return allFailing(keys, 'its disk is slow, and too many look-ups wait for it');
    try {
      const search = new CdbSearch(this.#tables, this.#sizeBytes);
      let buffer = Buffer.allocUnsafe(usualReadBytes);
      const answers: Answer[] = [];
      for (const key of keys) {
        search.begin(Buffer.from(key));
        while (search.length > 0) {
          if (search.length > buffer.length) buffer = Buffer.allocUnsafe(search.length);
          const { bytesRead } = await this.#handle.read(buffer, 0, search.length, search.position);
          search.take(buffer, bytesRead);
        }
        answers.push(answerOf(search));
      }
      this.#compare(await this.#handle.stat());
      return this.#isWhole ? answers : allFailing(keys, overwritten);
    } catch (error) {
      return allFailing(keys, problemOf(error).text);
    } finally {
      this.#places.free();
    }
  }

  /** Compares the file with the one that was opened. Its ctime changes, too, when another file takes its name: that is no harm. */
  #compare({ size, mtimeMs }: { readonly size: number; readonly mtimeMs: number }): void {
    this.#wasRead = false;
    if (size !== this.#sizeBytes || mtimeMs !== this.#modifiedMs) this.#isWhole = false;
  }
}

/** About the domains below another one, or about all. */
function isWide(key: string): boolean {
  return key.startsWith('.') || key.startsWith('*');
}

const overwritten =
  'its file was overwritten where it is instead of being replaced by a new one, and has to be read again';

function answerOf({ fault, values }: CdbSearch): Answer {
  if (fault !== '') return { kind: 'failing', reason: `its file is damaged: ${fault}` };
  return values === undefined ? absent : { kind: 'found', values };
}

/** All programs make twice as many slots as records. */
function recordsText(tables: HashTables): string {
  let slots = 0;
  for (let table = 0; table < hashTables; table++) slots += tables[2 * table + 1] ?? 0;
  return `about ${Math.ceil(slots / 2)} records`;
}
