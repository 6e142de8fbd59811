// A spool on a simulated disk whose files are then damaged. The model knows what was accepted, and asserts every promise of
// docs/spool-format.md about damage. Bytes are flipped, ranges are overwritten, and files are cut, emptied, filled with
// zeros in whole or at their ends, or removed.

import assert from 'node:assert/strict';
import { below, pick, seededRandom, type Random } from '../../../sim/disk/random.ts';
import { SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import type { FileLayer } from '../../../src/spool/file-layer.ts';
import { fdatasync, readUpTo, writeAll } from '../../../src/spool/file-io.ts';
import { inspectSpool, openSpoolReader, openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import { segmentName } from '../../../src/spool/queue-id.ts';
import { SpoolError } from '../../../src/spool/spool-error.ts';
import type {
  Outcome,
  RecoveredMessage,
  SpoolProblem,
  SpoolReader,
  SpoolStore,
} from '../../../src/spool/types.ts';
import { contentFor, eitherFor, envelopeFor } from '../support.ts';
import { saidForm } from '../../refusals.ts';
import { segmentPlace } from '../../../src/spool/segments/segment-place.ts';

const directory = '/var/spool/sluice';
const segmentBytes = 6 * 1024;
const startMs = 1_700_000_000_000;
/** This much of a large message is written last. */
const prefixBytes = 100;

/** An accepted message, as the model knows it. */
interface Kept {
  readonly queueId: string;
  readonly content: Buffer;
  readonly addresses: readonly string[];
  /** Indexes of recipients that are done. */
  readonly done: Set<number>;
  held: boolean;
  segment: string;
}

async function usedBytes(files: FileLayer, fd: number, size: number): Promise<number> {
  const bytes = Buffer.alloc(size);
  let end = await readUpTo(files, fd, bytes, size, 0);
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

const isDone = ({ addresses, done }: Kept): boolean => done.size === addresses.length;

/** The result of a start or an inspection. */
interface Found {
  readonly messages: ReadonlyMap<string, RecoveredMessage>;
  readonly problems: readonly SpoolProblem[];
}

export class DamageModel {
  /** How often each kind of event happened, so that a test can require that it did. */
  readonly seen: Record<string, number> = {};
  readonly #random: Random;
  readonly #messages = new Map<string, Kept>();
  /** The last run ended in order. Then a file with a missing end is damaged, and not torn by a crash. */
  #isStopped = false;
  /** Paths under the spool of files that were damaged, and of those that lost their end. */
  readonly #hit = new Set<string>();
  readonly #shortened = new Set<string>();
  /** Paths under the spool of all files before the damage. */
  readonly #paths = new Set<string>();
  #disk: SimulatedDisk;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#disk = new SimulatedDisk({ seed });
  }

  #count(what: string): void {
    this.seen[what] = (this.seen[what] ?? 0) + 1;
  }

  /** Runs a spool with mail that is received, delivered, deferred and held; all is on stable storage at the end. */
  async live(): Promise<void> {
    // The first journal file of a spool differs from all later ones, so one run is worth testing, too.
    const runs = 1 + below(this.#random, 2);
    for (let run = 0; run < runs; run++) {
      const { store } = await this.#open();
      const writer = await openSpoolWriter({
        directory,
        slot: 1,
        segmentBytes,
        reserveBytes: 0,
        sync: 'fdatasync',
        compressionLevel: run === 0 ? 1 : undefined,
        files: this.#disk.process().files,
        now: () => startMs,
      });
      for (let count = 5 + below(this.#random, 15); count > 0; count--) {
        await this.#receive(writer, store);
        if (this.#random() < 0.6) this.#settle(store);
        if (this.#random() < 0.2) await store.flush();
        if (this.#random() < 0.2) await store.maintain(startMs + run * 3_600_000);
      }
      await store.flush();
      for (const kept of this.#messages.values()) {
        const ref = store.locate(kept.queueId);
        if (ref !== undefined) kept.segment = segmentName(segmentPlace(ref).segment);
      }
      // The run ends in order, or by a power cut, which leaves segments without an index.
      this.#isStopped = this.#random() < 0.5;
      if (this.#isStopped) {
        await writer.close();
        await store.close();
      }
      this.#disk = this.#disk.restarted({ seed: below(this.#random, 2 ** 31) });
    }
  }

  async #receive(writer: Awaited<ReturnType<typeof openSpoolWriter>>, store: SpoolStore): Promise<void> {
    const queueId = writer.newQueueId();
    const count = 1 + (this.#random() < 0.3 ? below(this.#random, 3) : 0);
    const addresses = Array.from({ length: count }, (_, index) => `r${index}-${queueId}@example.net`);
    const isLarge = this.#random() < 0.1;
    const seed = below(this.#random, 2 ** 31);
    const size = below(this.#random, isLarge ? 9000 : 1500);
    const content = eitherFor(seed, size);
    const envelope = envelopeFor(queueId, addresses);
    let stored;
    if (isLarge) {
      const large = await writer.openLarge(queueId);
      await large.write(content.subarray(prefixBytes));
      stored = await large.commit(envelope, content.subarray(0, prefixBytes));
    } else stored = await writer.append({ envelope, content: [content] });
    assert.equal(store.submitted(queueId, stored.ref, count), true);
    const segment = segmentName(segmentPlace(stored.ref).segment);
    this.#messages.set(queueId, { queueId, content, addresses, done: new Set(), held: false, segment });
  }

  #settle(store: SpoolStore): void {
    const alive = [...this.#messages.values()].filter((kept) => !isDone(kept));
    if (alive.length === 0) return;
    const kept = pick(this.#random, alive);
    const { queueId } = kept;
    const recipient = below(this.#random, kept.addresses.length);
    const dice = this.#random();
    let outcome: Outcome;
    if (dice < 0.35) {
      kept.held = !kept.held;
      outcome = { kind: kept.held ? 'held' : 'released', queueId };
    } else if (dice < 0.6) {
      const refusal = saidForm(`451 later, ${queueId}`);
      outcome = { kind: 'deferred', queueId, recipient, attempts: 1, nextAttemptAtMs: startMs, refusal };
    } else {
      kept.done.add(recipient);
      outcome = { kind: 'delivered', queueId, recipient };
    }
    store.settle([outcome]);
  }

  /** Damages journal and `holds` as a power cut does on some file systems: empty files, zeros, or zeros at the end. */
  async blank(): Promise<void> {
    const { files } = this.#disk.process();
    for (const path of ['holds', ...(await this.#journals())]) {
      if (this.#random() < 0.5) continue;
      this.#hit.add(path);
      const fd = await files.open(`${directory}/${path}`, 'r');
      await this.#blankOne(files, fd, path);
      await fdatasync(files, fd);
      await files.close(fd);
    }
  }

  async #journals(): Promise<string[]> {
    const names = await this.#disk.process().files.readdir(`${directory}/journal`);
    return names.map((name) => `journal/${name}`);
  }

  async #blankOne(files: FileLayer, fd: number, path: string): Promise<void> {
    const size = await files.size(fd);
    const dice = this.#random();
    if (dice < 0.33) {
      this.#count('emptied files');
      await files.truncate(fd, 0);
    } else {
      // Zeros in the whole file, after the header, or from any byte on.
      const from =
        dice < 0.5
          ? 0
          : dice < 0.66
            ? 32
            : below(this.#random, Math.max(1, await usedBytes(files, fd, size)));
      this.#count(from === 0 ? 'zeroed files' : 'zeroed tails');
      if (from > 32) this.#shortened.add(path);
      if (from < size) await writeAll(files, fd, [Buffer.alloc(size - from)], from);
    }
  }

  /** Damages up to `most` files. */
  async damage(most: number): Promise<void> {
    for (let count = 1 + below(this.#random, most); count > 0; count--) await this.#damageOne();
  }

  async #damageOne(): Promise<void> {
    const { files } = this.#disk.process();
    const paths: string[] = ['format', 'holds'];
    for (const folder of ['segments', 'segments', 'journal', 'large']) {
      for (const name of await files.readdir(`${directory}/${folder}`)) paths.push(`${folder}/${name}`);
    }
    for (const path of paths) this.#paths.add(path);
    const path = pick(this.#random, paths);
    const full = `${directory}/${path}`;
    let fd: number;
    try {
      fd = await files.open(full, 'r');
    } catch {
      return; // removed by earlier damage
    }
    this.#hit.add(path);
    const size = await files.size(fd);
    // Allocated room has no content that could be damaged.
    const at = below(this.#random, Math.max(1, await usedBytes(files, fd, size)));
    const dice = this.#random();
    const isRecord = path === 'holds' || path.startsWith('journal/');
    if (isRecord && this.#random() < 0.3) await this.#blankOne(files, fd, path);
    else if (dice < 0.6 && size > 0) {
      this.#count('flips');
      const byte = Buffer.alloc(1);
      files.readSync(fd, byte, 0, 1, at);
      byte[0] = (byte[0] ?? 0) ^ (1 + below(this.#random, 255));
      await writeAll(files, fd, [byte], at);
    } else if (dice < 0.75 && size > 0) {
      this.#count('overwritten ranges');
      const length = Math.min(size - at, 1 + below(this.#random, 600));
      await writeAll(files, fd, [contentFor(at, length)], at);
    } else if (dice < 0.9) {
      this.#count('cuts');
      this.#shortened.add(path);
      await files.truncate(fd, at);
    } else {
      this.#count('vanished files');
      this.#shortened.add(path);
      await files.unlink(full);
      await files.syncDirectory(full.slice(0, full.lastIndexOf('/')));
      return;
    }
    await fdatasync(files, fd);
  }

  async #open(): Promise<{ readonly store: SpoolStore } & Found> {
    const problems: SpoolProblem[] = [];
    const store = await openSpoolStore({
      directory,
      slot: 63,
      journalSyncMs: 2_000_000_000,
      journalBytes: 2048,
      journalRoomBytes: 1024,
      segmentBytes,
      relocateAfterMs: 1_800_000,
      files: this.#disk.process().files,
      onProblem: (problem) => problems.push(problem),
    });
    const messages = new Map<string, RecoveredMessage>();
    for await (const message of store.recover()) {
      assert.ok(!messages.has(message.queueId), `${message.queueId} was recovered twice`);
      messages.set(message.queueId, message);
    }
    return { store, messages, problems };
  }

  /** Starts on the damaged files, compares, runs the maintenance, and starts again. */
  async check(): Promise<void> {
    let checked: Found;
    let store: SpoolStore;
    try {
      checked = await this.#inspected();
      const opened = await this.#open();
      this.#agree(checked, opened);
      checked = opened;
      ({ store } = opened);
    } catch (error) {
      // A spool of an unknown version is not touched.
      if (!(error instanceof SpoolError && error.code === 'SPOOL_FORMAT')) throw error;
      assert.ok(this.#hit.has('format'));
      this.#count('refused');
      return;
    }
    await this.#compare(checked);
    for (let step = 0; step < 3; step++) await store.maintain(startMs + 7_200_000 + step * 40_000);
    await store.close();
    // The next start knows all these messages, and has released none.
    const again = await this.#open();
    for (const [queueId, { held }] of checked.messages) {
      const now = again.messages.get(queueId);
      assert.ok(now !== undefined, `${queueId} is missing at the next start`);
      if (held) assert.ok(now.held, `${queueId} was held, and is not at the next start`);
    }
    await again.store.close();
  }

  /** Inspects the spool as `sluice spool check` does, which must not change anything. */
  async #inspected(): Promise<Found> {
    const messages = new Map<string, RecoveredMessage>();
    const problems: SpoolProblem[] = [];
    const { files } = this.#disk.process();
    const before = this.#disk.operations;
    for await (const finding of inspectSpool(directory, { contents: true, files })) {
      if (finding.kind === 'message') messages.set(finding.message.queueId, finding.message);
      else problems.push(finding.problem);
    }
    assert.equal(this.#disk.operations, before, 'an inspection changes nothing');
    // Without reported problems, everything must be as before the damage.
    if (problems.length === 0) {
      for (const kept of this.#messages.values()) {
        const message = messages.get(kept.queueId);
        if (message === undefined && this.#isWithoutTrace(kept)) continue;
        if (this.#hasLostOutcomes()) continue;
        assert.equal(message !== undefined, !isDone(kept), kept.queueId);
        if (message !== undefined) assert.equal(message.held, kept.held, kept.queueId);
      }
      this.#count('harmless');
    }
    return { messages, problems };
  }

  #agree(inspected: Found, opened: Found): void {
    assert.deepEqual([...opened.messages.keys()].toSorted(), [...inspected.messages.keys()].toSorted());
    const kinds = ({ problems }: Found, kind: string): number =>
      problems.filter((problem) => problem.kind === kind).length;
    for (const kind of ['journal', 'index', 'segment', 'missing', 'doubt']) {
      assert.equal(kinds(opened, kind), kinds(inspected, kind), `problems of kind ${kind}`);
    }
  }

  async #compare(found: Found): Promise<void> {
    const reader = openSpoolReader({ directory, files: this.#disk.process().files });
    try {
      for (const kept of this.#messages.values()) {
        const message = found.messages.get(kept.queueId);
        if (message === undefined) this.#missing(kept, found);
        else await this.#present(kept, message, found, reader);
      }
    } finally {
      reader.close();
    }
    for (const [queueId, { damage, held }] of found.messages) {
      if (this.#messages.has(queueId)) continue;
      // It was made up from a damaged header, so it must never be delivered.
      assert.ok(damage !== undefined && held, `${queueId} was never accepted`);
    }
  }

  /** An accepted message is missing in the queue: it must be done, or its loss must be reported. */
  #missing(kept: Kept, { problems }: Found): void {
    if (isDone(kept)) return;
    const { queueId, segment } = kept;
    const isNamed = problems.some(({ place, text }) => place === queueId || text.includes(queueId));
    // If its header is lost, nothing tells the queue id, and only the range of bytes is reported.
    const isPlace = problems.some(
      ({ kind, place }) => place === segment && ['segment', 'torn', 'index'].includes(kind),
    );
    assert.ok(
      isNamed || isPlace || this.#isWithoutTrace(kept),
      `${queueId} in ${segment} is lost and was not reported: ${[...this.#hit].join(',')}: ${JSON.stringify(problems)}`,
    );
    this.#count(isNamed ? 'named' : 'reported by its place');
  }

  /** Nothing can tell of a message whose segment was cut or removed, if there was no index or it was damaged, too. */
  #isWithoutTrace({ segment }: Kept): boolean {
    const index = `segments/${segment}.index`;
    return this.#shortened.has(`segments/${segment}`) && (this.#hit.has(index) || !this.#paths.has(index));
  }

  /** The journal has lost its end as in a crash, and no other file tells that the end was synced. */
  #hasLostOutcomes(): boolean {
    const isCut = [...this.#shortened].some((path) => path.startsWith('journal/'));
    return isCut && (!this.#isStopped || this.#hit.has('holds'));
  }

  /**
   * Both records of holds have lost their ends as in a crash, so that the damage cannot be noticed. After an orderly stop it
   * is noticed always, because both records tell where they end.
   */
  #hasLostBothRecords({ problems }: Found): boolean {
    const isJournal = (path: string): boolean => path.startsWith('journal/');
    const torn = problems.filter(({ kind, place }) => kind === 'torn' && /^(holds|\d{1,10})$/.test(place));
    return (
      !this.#isStopped &&
      this.#hit.has('holds') &&
      [...this.#hit].some(isJournal) &&
      (torn.length > 1 || this.#shortened.has('holds') || [...this.#shortened].some(isJournal))
    );
  }

  async #present(kept: Kept, message: RecoveredMessage, found: Found, reader: SpoolReader): Promise<void> {
    const { queueId } = kept;
    const ofJournal = found.problems.some(
      ({ kind, place }) => kind === 'journal' || (kind === 'torn' && /^\d+$/.test(place)),
    );
    if (kept.held && !isDone(kept) && !this.#hasLostBothRecords(found)) {
      assert.ok(message.held, `${queueId} was held and is released`);
      this.#count('held');
    }
    // If a release was lost with the end of the journal, the earlier hold is in force.
    if (message.held && !kept.held && message.damage === undefined && !this.#hasLostOutcomes()) {
      const isSaid = found.problems.some(({ kind }) => ['journal', 'torn', 'holds', 'doubt'].includes(kind));
      assert.ok(isSaid, `${queueId} is held and no problem was reported`);
      this.#count('held in doubt');
    }
    const waiting = new Set(message.waiting.map(({ index }) => index));
    for (const recipient of kept.done) {
      if (!waiting.has(recipient) || message.damage !== undefined) continue;
      // A journal that was cut between two frames looks as if it had ended there.
      if (this.#hasLostOutcomes()) continue;
      assert.ok(
        ofJournal,
        `${queueId} would be delivered again to recipient ${recipient}, and no problem was reported`,
      );
      this.#count('again');
    }
    for (const recipient of kept.addresses.keys()) {
      assert.ok(waiting.has(recipient) || kept.done.has(recipient), `${queueId} has lost a recipient`);
    }
    if (message.damage !== undefined) {
      assert.ok(message.held);
      this.#count('damaged');
      return;
    }
    assert.equal(message.reversePath, 'alice@example.com');
    for (const { index, address } of message.waiting) assert.equal(address, kept.addresses[index]);
    await this.#read(kept, message, reader);
  }

  /** Reads a message: it must be as it was accepted, or the read must fail. */
  async #read(
    { content, queueId, addresses }: Kept,
    message: RecoveredMessage,
    reader: SpoolReader,
  ): Promise<void> {
    try {
      const stored = await reader.read(message.ref);
      assert.equal(stored.envelope.queueId, queueId);
      assert.deepEqual(
        stored.envelope.recipients.map(({ address }) => address),
        addresses,
      );
      const pieces: Uint8Array[] = [];
      for await (const piece of stored.stream()) pieces.push(piece);
      assert.ok(Buffer.concat(pieces).equals(content), `${queueId} reads differently`);
      this.#count('read');
    } catch (error) {
      assert.ok(error instanceof SpoolError, String(error));
      assert.match(error.code, /^SPOOL_(CORRUPT|MISSING)$/);
      this.#count('unreadable');
    }
  }
}
