// Who knows which arrivals and refusals, found out from outside alone: by what is said on the links between processes, by what is written
// and synced in the folder of the journal, and by who dies. It knows nothing of what the code under test believes.

import { check } from '../world/ledger.ts';
import type { Fact, Knower } from './fact.ts';

/** A write to the journal that was begun: what it says is in the page cache when all of it is written. */
interface JournalWrite {
  readonly says: readonly Fact[];
}

/** A manager that is stopping waits for no sender that has lost its link, so what this one says may come after the last sync. */
const toldTooLate = 'its sender process lost its link, and told a manager that was stopping';
/** Or the destination alone knows that it has taken the message. */
const unavoidable =
  /^(?:its sender process lost its link|the destination closed the connection|the transaction was cut off)/u;

export class Memory {
  readonly #nowMs: () => number;
  /** What each knower knows. */
  readonly #known = new Map<Knower, Set<Fact>>();
  /** What a report or hello speaks of, until it is heard or lost. */
  readonly #spokenOf = new Map<Knower, readonly Fact[]>();
  readonly #pageCache: Knower = { name: 'page cache' };
  readonly #disk: Knower = { name: 'disk' };
  readonly #toldTooLate = new Set<Fact>();
  /** Known to the manager and not in its journal yet. */
  #unwritten: Fact[] = [];
  /** When a fact was forgotten by everybody, and why. */
  readonly #forgotten: { readonly atMs: number; readonly why: string }[] = [];
  /** Written to which file, and not synced there yet. */
  #unsynced = new Map<Knower, Fact[]>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  learn(knower: Knower, facts: readonly Fact[]): void {
    let known = this.#known.get(knower);
    if (known === undefined) {
      known = new Set();
      this.#known.set(knower, known);
    }
    for (const fact of facts) {
      known.add(fact);
      fact.learn(knower);
    }
  }

  forget(knower: Knower, why: string): void {
    for (const fact of this.#known.get(knower) ?? []) {
      const reason = this.#toldTooLate.has(fact) ? toldTooLate : why;
      if (fact.forget(knower, reason)) this.#forgotten.push({ atMs: this.#nowMs(), why: reason });
    }
    this.#known.delete(knower);
  }

  knownBy(knower: Knower): readonly Fact[] {
    return [...(this.#known.get(knower) ?? [])];
  }

  /** This message tells of these facts. */
  tells(message: Knower, facts: readonly Fact[]): void {
    if (facts.length > 0) this.#spokenOf.set(message, facts);
  }

  left(batch: readonly unknown[]): void {
    for (const message of batch) {
      const facts = this.#spokenOf.get(message as Knower);
      if (facts !== undefined) this.learn(batch, facts);
    }
  }

  /** The batch has arrived. @param by - the process that it has arrived at; undefined: the batch is lost */
  ended(batch: readonly unknown[], by: Knower | undefined, why: string): void {
    for (const message of batch) {
      const facts = this.#spokenOf.get(message as Knower);
      if (facts === undefined) continue;
      if (by === undefined) this.#spokenOf.delete(message as Knower);
      else this.learn(by, facts);
    }
    this.forget(batch, why);
  }

  /**
   * A process takes a batch that has arrived: at once, or when it is up. Before, nothing that it writes can tell of the batch.
   * @param isStopping - it is stopping, and waits for no sender that has lost its link: what a hello says may come too late
   */
  taken(batch: readonly unknown[], by: Knower, isStopping = false): void {
    for (const message of batch) {
      const facts = this.#spokenOf.get(message as Knower);
      if (facts === undefined) continue;
      this.#spokenOf.delete(message as Knower);
      if (!isStopping || (message as { readonly kind?: string }).kind !== 'hello') this.heard(by, facts);
      else for (const fact of facts) this.#toldTooLate.add(fact);
    }
  }

  /** A manager's process hears of these facts: what it writes from now on tells of them. */
  heard(manager: Knower, facts: readonly Fact[]): void {
    this.learn(manager, facts);
    this.#unwritten.push(...facts);
  }

  /** Is it on stable storage? */
  isOnDisk(fact: Fact): boolean {
    return fact.isKnownBy(this.#disk);
  }

  /** The manager begins to write something to the journal of this store. */
  journalWriteBegins(store = 0): JournalWrite {
    const isOfStore = (fact: Fact): boolean => (fact.store ?? store) === store;
    const says = this.#unwritten.filter(isOfStore);
    this.#unwritten = this.#unwritten.filter((fact) => !isOfStore(fact));
    return { says };
  }

  journalWritten({ says }: JournalWrite, file: Knower): void {
    for (const fact of says) fact.writtenAtMs = Math.min(fact.writtenAtMs, this.#nowMs());
    this.learn(this.#pageCache, says);
    this.#unsynced.set(file, [...(this.#unsynced.get(file) ?? []), ...says]);
  }

  /** What the file was told before is told anew, too: the file may be given up before its next sync. */
  journalWriteFailed({ says }: JournalWrite, file: Knower): void {
    const unsynced = this.#unsynced.get(file) ?? [];
    this.#unwritten = [...new Set([...this.#unwritten, ...unsynced, ...says])];
  }

  journalSyncBegins(file: Knower): readonly Fact[] {
    const says = this.#unsynced.get(file) ?? [];
    this.#unsynced.delete(file);
    return says;
  }

  journalSynced(says: readonly Fact[]): void {
    this.learn(this.#disk, says);
  }

  /** What was written is not written again by a later sync: it has to be told anew. */
  journalSyncFailed(says: readonly Fact[], file: Knower): void {
    this.#unwritten.push(...says, ...(this.#unsynced.get(file) ?? []));
    this.#unsynced.delete(file);
  }

  /** The next one reads what is in the page cache, and tells it anew: files of before are not synced any more. */
  managerEnded(): void {
    this.#unwritten = [...this.unsynced];
    this.#unsynced.clear();
  }

  /** In the page cache, and not on the disk. */
  get unsynced(): readonly Fact[] {
    return this.knownBy(this.#pageCache).filter((fact) => !this.isOnDisk(fact));
  }

  /** What was written longer ago than this must be on the disk: nothing has been wrong for as long. */
  checkSynced(mostMs: number): void {
    // The disk of another store may be ill while everything else is well.
    const late = this.unsynced.find(
      ({ store = 0, writtenAtMs }) => store === 0 && writtenAtMs + mostMs < this.#nowMs(),
    );
    check(
      late === undefined,
      () => 'an outcome was not synced within the time that queue.journal_sync gives',
    );
  }

  /** Nothing was forgotten since then but what nobody could know. */
  checkRemembered(sinceMs: number): void {
    const lost = this.#forgotten.find(({ atMs, why }) => atMs >= sinceMs && !unavoidable.test(why));
    check(lost === undefined, () => `a delivery was forgotten at an orderly stop: ${lost?.why}`);
  }

  powerCut(): void {
    this.forget(this.#pageCache, 'power was cut before the journal was synced');
    this.#unwritten = [];
    this.#unsynced.clear();
  }
}
