// Who knows which arrivals, found out from outside alone: by what is said on the links between processes, by what is written
// and synced in the folder of the journal, and by who dies. It knows nothing of what the code under test believes.

import { check } from '../world/ledger.ts';
import type { Arrival, Knower } from './arrival.ts';

/** A write to the journal that was begun: what it says is in the page cache when all of it is written. */
interface JournalWrite {
  readonly says: readonly Arrival[];
}

export class Memory {
  readonly #nowMs: () => number;
  /** What each knower knows. */
  readonly #known = new Map<Knower, Set<Arrival>>();
  /** Arrivals that a report or hello speaks of, until it is heard or lost. */
  readonly #spokenOf = new Map<Knower, readonly Arrival[]>();
  readonly #pageCache: Knower = { name: 'page cache' };
  readonly #disk: Knower = { name: 'disk' };
  /** Known to the manager and not in its journal yet. */
  #unwritten: Arrival[] = [];
  /** Written to which file, and not synced there yet. */
  #unsynced = new Map<Knower, Arrival[]>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  learn(knower: Knower, arrivals: readonly Arrival[]): void {
    let known = this.#known.get(knower);
    if (known === undefined) {
      known = new Set();
      this.#known.set(knower, known);
    }
    for (const arrival of arrivals) {
      known.add(arrival);
      arrival.learn(knower);
    }
  }

  forget(knower: Knower, why: string): void {
    for (const arrival of this.#known.get(knower) ?? []) arrival.forget(knower, why);
    this.#known.delete(knower);
  }

  knownBy(knower: Knower): readonly Arrival[] {
    return [...(this.#known.get(knower) ?? [])];
  }

  /** This message tells of these arrivals. */
  tells(message: Knower, arrivals: readonly Arrival[]): void {
    if (arrivals.length > 0) this.#spokenOf.set(message, arrivals);
  }

  left(batch: readonly unknown[]): void {
    for (const message of batch) {
      const arrivals = this.#spokenOf.get(message as Knower);
      if (arrivals !== undefined) this.learn(batch, arrivals);
    }
  }

  /** @param by - undefined: the batch is lost */
  ended(batch: readonly unknown[], by: Knower | undefined, why: string): void {
    for (const message of batch) {
      const arrivals = this.#spokenOf.get(message as Knower);
      if (arrivals === undefined) continue;
      this.#spokenOf.delete(message as Knower);
      if (by === undefined) continue;
      this.learn(by, arrivals);
      this.#unwritten.push(...arrivals);
    }
    this.forget(batch, why);
  }

  /** The manager begins to write something to its journal. */
  journalWriteBegins(): JournalWrite {
    const says = this.#unwritten;
    this.#unwritten = [];
    return { says };
  }

  journalWritten({ says }: JournalWrite, file: Knower): void {
    for (const arrival of says) arrival.writtenAtMs = Math.min(arrival.writtenAtMs, this.#nowMs());
    this.learn(this.#pageCache, says);
    this.#unsynced.set(file, [...(this.#unsynced.get(file) ?? []), ...says]);
  }

  /** What the file was told before is told anew, too: the file may be given up before its next sync. */
  journalWriteFailed({ says }: JournalWrite, file: Knower): void {
    const unsynced = this.#unsynced.get(file) ?? [];
    this.#unwritten = [...new Set([...this.#unwritten, ...unsynced, ...says])];
  }

  journalSyncBegins(file: Knower): readonly Arrival[] {
    const says = this.#unsynced.get(file) ?? [];
    this.#unsynced.delete(file);
    return says;
  }

  journalSynced(says: readonly Arrival[]): void {
    this.learn(this.#disk, says);
  }

  /** What was written is not written again by a later sync: it has to be told anew. */
  journalSyncFailed(says: readonly Arrival[], file: Knower): void {
    this.#unwritten.push(...says, ...(this.#unsynced.get(file) ?? []));
    this.#unsynced.delete(file);
  }

  /** The next one reads what is in the page cache, and tells it anew: files of before are not synced any more. */
  managerEnded(): void {
    this.#unwritten = [...this.unsynced];
    this.#unsynced.clear();
  }

  /** In the page cache, and not on the disk. */
  get unsynced(): readonly Arrival[] {
    return this.knownBy(this.#pageCache).filter((arrival) => !arrival.isKnownBy(this.#disk));
  }

  /** What was written longer ago than this must be on the disk: nothing has been wrong for as long. */
  checkSynced(mostMs: number): void {
    const late = this.unsynced.find(({ writtenAtMs }) => writtenAtMs + mostMs < this.#nowMs());
    check(
      late === undefined,
      () => 'an outcome was not synced within the time that queue.journal_sync gives',
    );
  }

  powerCut(): void {
    this.forget(this.#pageCache, 'power was cut before the journal was synced');
    this.#unwritten = [];
    this.#unsynced.clear();
  }
}
