// A model of a spool beside a real spool on a simulated disk: does random work, and compares both after every crash. Every
// promise of the spool is an assertion here.

import assert from 'node:assert/strict';
import { below, seededRandom, type Random } from '../../../sim/disk/random.ts';
import type { DiskProcess, SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import { openSpoolReader, openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import {
  isSamePlace,
  type Outcome,
  type RecoveredMessage,
  type SpoolProblem,
  type SpoolReader,
  type SpoolStore,
  type SpoolWriter,
  type StoredRef,
} from '../../../src/spool/types.ts';
import { accept, type History, type MessageModel } from './message-history.ts';
import { eitherFor, envelopeFor, saidForm } from '../support.ts';

const directory = '/var/spool/sluice';
const segmentBytes = 8 * 1024;
const writers = 2;
/** This much of each message is written last. */
const prefixBytes = 200;
const never = new Promise<never>(() => undefined);
const noFaults = { syncFails: 0, writeFails: 0, shortWrites: 0 };

interface LiveProcess extends DiskProcess {
  readonly killed: Promise<void>;
}

/** A whole instance: two receivers, a manager, a sender. */
export class SpoolModel {
  /** Messages that are, or may be, in the spool. */
  readonly messages = new Map<string, MessageModel>();
  /** Queue ids of messages that must never come back. */
  readonly gone = new Set<string>();
  /** How often each kind of event happened, so that a test can require that it did. */
  readonly seen = { acknowledged: 0, refused: 0, recovered: 0, strays: 0, finished: 0, moved: 0, read: 0 };
  disk: SimulatedDisk;
  nowMs = 1_700_000_000_000;
  readonly #problems: SpoolProblem[] = [];
  readonly #random: Random;
  #store: SpoolStore | undefined;
  #manager: LiveProcess | undefined;
  readonly #writers: { writer: SpoolWriter; process: LiveProcess }[] = [];
  #reader: SpoolReader | undefined;
  #contents = 0;

  readonly #reserveBytes: number;

  constructor(seed: number, disk: SimulatedDisk, reserveBytes = 0) {
    this.#random = seededRandom(seed);
    this.disk = disk;
    this.#reserveBytes = reserveBytes;
  }

  /** Starts all processes after a power cut, and compares what recovery finds. */
  async start(): Promise<void> {
    for (let slot = 0; slot < writers; slot++) await this.#startWriter(slot);
    await this.#startManager(true);
    this.#reader = openSpoolReader({ directory, files: this.disk.process().files });
    for (const model of this.messages.values()) await this.#compareContent(model);
  }

  #newProcess(): LiveProcess {
    const process = this.disk.process();
    const { promise, resolve } = Promise.withResolvers<void>();
    const kill = (): void => {
      process.kill();
      resolve();
    };
    return { files: process.files, killed: promise, kill };
  }

  async #startWriter(slot: number): Promise<void> {
    const process = this.#newProcess();
    const writer = await openSpoolWriter({
      directory,
      slot,
      segmentBytes,
      reserveBytes: this.#reserveBytes,
      sync: 'fdatasync',
      // One of both writers compresses, so that segments of either kind, and copies of both in one, are there.
      compressionLevel: slot === 0 ? 1 : undefined,
      files: process.files,
      now: () => this.nowMs,
    });
    this.#writers[slot] = { writer, process };
  }

  /** @param powerCut - all processes died, so everything on the disk is durable now; otherwise only the manager died */
  async #startManager(powerCut: boolean): Promise<void> {
    this.#manager = this.#newProcess();
    this.#problems.length = 0;
    const refused = new Set<string>();
    for (const { queueId, acknowledged } of this.messages.values()) if (!acknowledged) refused.add(queueId);
    const store = await openSpoolStore({
      directory,
      slot: 63,
      journalSyncMs: 2_000_000_000,
      journalBytes: 2048,
      journalRoomBytes: 2048,
      segmentBytes,
      relocateAfterMs: 10_000,
      files: this.#manager.files,
      onProblem: (problem) => this.#problems.push(problem),
      onStray: (message) => {
        this.seen.strays++;
        this.#appeared(message, false);
      },
    });
    this.#store = store;
    const found = new Set<string>();
    for await (const message of store.recover()) {
      assert.ok(!found.has(message.queueId), `${message.queueId} was recovered twice`);
      found.add(message.queueId);
      this.#appeared(message, powerCut);
    }
    // A message that was reported during recovery need not be found by it.
    for (const model of this.messages.values()) if (model.reportedTo !== store) this.#absent(model, powerCut);
    // A refused message may come back without its large file, or have been seen only in the page cache, after two failures.
    const lost = this.#problems.filter(
      ({ kind, place }) =>
        (kind === 'missing' && !refused.has(place)) || kind === 'journal' || kind === 'content',
    );
    assert.deepEqual(lost, []);
  }

  /** The store has found a message: its state must be possible. After a power cut, this state is durable. */
  #appeared(message: RecoveredMessage, powerCut: boolean): void {
    this.seen.recovered++;
    const model = this.messages.get(message.queueId);
    assert.ok(model !== undefined, `${message.queueId} is recovered, but was removed or never stored`);
    assert.equal(message.sizeBytes, model.content.length);
    assert.equal(message.damage, undefined, `${message.queueId} is taken for damaged`);
    const waiting = new Map(message.waiting.map((each) => [each.index, each]));
    for (const [index, recipient] of model.recipients.entries()) {
      const now = waiting.get(index)?.attempts ?? 'done';
      accept(recipient, now, powerCut, `${message.queueId} recipient ${index}`);
      if (now !== 'done' && now > 0) {
        assert.equal(waiting.get(index)?.lastRefusal, saidForm(`451 attempt ${now} of ${message.queueId}`));
        assert.equal(waiting.get(index)?.nextAttemptAtMs, now * 1000.5);
      }
    }
    accept(model.held, message.held, powerCut, `${message.queueId} held`);
    if (powerCut) model.acknowledged = true;
    model.reportedTo = this.#store;
  }

  /** The store has not found a message: it must be done, or it was not acknowledged. */
  #absent(model: MessageModel, powerCut: boolean): void {
    const { queueId, recipients, acknowledged } = model;
    for (const [index, recipient] of recipients.entries()) {
      if (acknowledged)
        accept(recipient, 'done', powerCut, `${queueId} was acknowledged; recipient ${index}`);
    }
    if (!powerCut) return;
    this.messages.delete(queueId);
    this.gone.add(queueId);
  }

  /** Does random work until `steps` are done or the power is cut. */
  async work(steps: number): Promise<void> {
    const { disk } = this;
    const pending = new Set<Promise<void>>();
    let failure: Error | undefined;
    const fail = (error: Error): void => {
      failure ??= error;
    };
    for (let step = 0; step < steps && failure === undefined; step++) {
      // After a power cut nothing may continue, above all not on the disk of the next run.
      if (disk.isOff) return never;
      this.nowMs += below(this.#random, 3000);
      const dice = this.#random();
      if (dice < 0.02) await this.#restartWriter(below(this.#random, writers));
      else if (dice < 0.04) await this.#restartManager();
      const job = this.#step()
        .catch(fail)
        .finally(() => pending.delete(job));
      pending.add(job);
      if (this.#random() < 0.5) await job;
    }
    await Promise.all(pending);
    if (disk.isOff) return never;
    if (failure !== undefined) throw failure;
  }

  #step(): Promise<void> {
    const dice = this.#random();
    const receiver = this.#writers[below(this.#random, writers)];
    const manager = this.#manager;
    assert.ok(receiver !== undefined && manager !== undefined);
    const { process, writer } = receiver;
    // The operations of a killed process never end, so they are not waited for.
    if (dice < 0.35) return Promise.race([this.#append(writer), process.killed]);
    if (dice < 0.42) return Promise.race([this.#large(writer), process.killed]);
    if (dice < 0.78) return this.#settle();
    if (dice < 0.85) return Promise.race([this.#flush(), manager.killed]);
    if (dice < 0.95) return Promise.race([this.#maintain(), manager.killed]);
    const model = this.#pick();
    return model === undefined ? Promise.resolve() : this.#compareContent(model);
  }

  #newMessage(writer: SpoolWriter, size: number): MessageModel {
    const count = 1 + (this.#random() < 0.4 ? below(this.#random, 4) : 0);
    const model: MessageModel = {
      queueId: writer.newQueueId(),
      content: eitherFor(++this.#contents, size),
      recipients: Array.from({ length: count }, () => ({ durable: 0, states: [0] })),
      held: { durable: 0, states: [false] },
      acknowledged: false,
      reportedTo: undefined,
    };
    const known = this.messages.has(model.queueId) || this.gone.has(model.queueId);
    assert.ok(!known, `${model.queueId} was made twice`);
    this.messages.set(model.queueId, model);
    return model;
  }

  async #append(writer: SpoolWriter): Promise<void> {
    const model = this.#newMessage(writer, below(this.#random, 3000));
    const addresses = model.recipients.map((_, index) => `r${index}@example.net`);
    const middle = Math.max(prefixBytes, below(this.#random, model.content.length + 1));
    const prefix = model.content.subarray(0, prefixBytes);
    const content = [model.content.subarray(prefixBytes, middle), model.content.subarray(middle)];
    try {
      const envelope = envelopeFor(model.queueId, addresses);
      const { ref } = await writer.append({ envelope, prefix, content });
      this.#acknowledged(model, ref);
    } catch (error) {
      this.#refused(error);
    }
  }

  async #large(writer: SpoolWriter): Promise<void> {
    const model = this.#newMessage(writer, 1 + below(this.#random, 20_000));
    const addresses = model.recipients.map((_, index) => `r${index}@example.net`);
    const aborted = this.#random() < 0.2;
    let large;
    try {
      large = await writer.openLarge(model.queueId);
      for (let at = prefixBytes; at < model.content.length; at += 5000)
        await large.write(model.content.subarray(at, at + 5000));
      if (aborted) return await large.abort();
      const prefix = model.content.subarray(0, prefixBytes);
      const { ref } = await large.commit(envelopeFor(model.queueId, addresses), prefix);
      this.#acknowledged(model, ref);
    } catch (error) {
      this.#refused(error);
      await large?.abort();
    }
  }

  #acknowledged(model: MessageModel, ref: StoredRef): void {
    this.seen.acknowledged++;
    model.acknowledged = true;
    // Sometimes the report is lost; the message must still be found.
    if (this.#random() < 0.05) return;
    const isNew = this.#store?.submitted(model.queueId, ref, model.recipients.length);
    assert.equal(isNew, model.reportedTo !== this.#store, `${model.queueId} is new`);
    model.reportedTo = this.#store;
  }

  #refused(error: unknown): void {
    this.seen.refused++;
    this.#tolerated(error);
  }

  #tolerated(error: unknown): void {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    assert.match(String(error.code), /^SPOOL_(WRITE_FAILED|FULL)$/);
  }

  /** A message that the store knows and that is not done. */
  #pick(): MessageModel | undefined {
    const known = [...this.messages.values()].filter(
      ({ reportedTo, recipients }) =>
        reportedTo === this.#store && recipients.some(({ states }) => states.at(-1) !== 'done'),
    );
    return known[below(this.#random, known.length)];
  }

  async #settle(): Promise<void> {
    const outcomes: Outcome[] = [];
    for (let count = 1 + below(this.#random, 6); count > 0; count--) {
      const model = this.#pick();
      if (model !== undefined) outcomes.push(this.#outcome(model));
    }
    const store = this.#store;
    store?.settle(outcomes);
    for (const { queueId } of outcomes) {
      const done =
        this.messages.get(queueId)?.recipients.every(({ states }) => states.at(-1) === 'done') === true;
      if (done) this.seen.finished++;
      assert.equal(store?.locate(queueId) === undefined, done, `${queueId} is located`);
    }
  }

  #outcome({ queueId, held, recipients }: MessageModel): Outcome {
    const dice = this.#random();
    if (dice < 0.1) {
      const state = held.states.at(-1) !== true;
      held.states.push(state);
      return { kind: state ? 'held' : 'released', queueId };
    }
    const recipient = below(this.#random, recipients.length);
    const states = recipients[recipient]?.states ?? [];
    const last = states.at(-1);
    // A recipient that is done is sometimes settled again, which must have no effect.
    if (dice > 0.4) {
      if (last !== 'done') states.push('done');
      return { kind: dice < 0.8 ? 'delivered' : 'removed', queueId, recipient };
    }
    const attempts = last === undefined || last === 'done' ? 1 : last + 1;
    if (last !== 'done') states.push(attempts);
    const refusal = saidForm(`451 attempt ${attempts} of ${queueId}`);
    return { kind: 'deferred', queueId, recipient, attempts, nextAttemptAtMs: attempts * 1000.5, refusal };
  }

  async #flush(): Promise<void> {
    const marks: [History<unknown>, number][] = [];
    for (const { held, recipients, reportedTo } of this.messages.values()) {
      if (reportedTo !== this.#store) continue;
      for (const history of [held, ...recipients]) marks.push([history, history.states.length - 1]);
    }
    try {
      await this.#store?.flush();
    } catch (error) {
      this.#tolerated(error);
      return;
    }
    for (const [history, mark] of marks) history.durable = Math.max(history.durable, mark);
  }

  async #maintain(): Promise<void> {
    const store = this.#store;
    const pinned = this.#pick();
    const others = [...this.messages.keys()].map((queueId) => [queueId, store?.locate(queueId)] as const);
    if (pinned !== undefined) store?.pin(pinned.queueId);
    const before = pinned === undefined ? undefined : store?.locate(pinned.queueId);
    try {
      await store?.maintain(this.nowMs);
    } catch (error) {
      this.#tolerated(error);
    }
    for (const [queueId, ref] of others) {
      const now = store?.locate(queueId);
      if (ref !== undefined && now !== undefined && !isSamePlace(now, ref)) this.seen.moved++;
    }
    if (pinned === undefined) return;
    const after = store?.locate(pinned.queueId);
    if (after !== undefined) assert.deepEqual(after, before, 'a pinned message was moved');
    store?.unpin(pinned.queueId);
  }

  /** Reads a waiting message, which must be as it was written. */
  async #compareContent({ queueId, content, recipients }: MessageModel): Promise<void> {
    const store = this.#store;
    const ref = store?.locate(queueId);
    if (ref === undefined || this.#reader === undefined) return;
    store?.pin(queueId);
    const pieces: Uint8Array[] = [];
    try {
      const stored = await this.#reader.read(ref);
      assert.equal(stored.envelope.queueId, queueId);
      assert.equal(stored.envelope.recipients.length, recipients.length);
      for await (const piece of stored.stream()) pieces.push(piece);
    } catch (error) {
      // Meanwhile the message may be done and removed, or moved by a new manager, which does not know the pin.
      if (store !== this.#store || store?.locate(queueId) === undefined) return;
      throw error;
    }
    store?.unpin(queueId);
    this.seen.read++;
    assert.ok(Buffer.concat(pieces).equals(content), `${queueId} reads differently`);
  }

  /** A receiver dies and another takes its slot. */
  async #restartWriter(slot: number): Promise<void> {
    this.#writers[slot]?.process.kill();
    const { faults } = this.disk;
    this.disk.faults = noFaults;
    await this.#startWriter(slot).catch((error: unknown) => this.#tolerated(error));
    this.disk.faults = faults;
  }

  /** The manager dies and starts again, while the receivers go on. */
  async #restartManager(): Promise<void> {
    this.#manager?.kill();
    const { faults } = this.disk;
    this.disk.faults = noFaults;
    await this.#startManager(false);
    this.disk.faults = faults;
  }

  /** Stops in order. */
  async stop(): Promise<void> {
    await Promise.all(this.#writers.map(({ writer }) => writer.close()));
    // The disk works again, so the journal must store all outcomes, after any earlier failure.
    await this.#flush();
    await this.#store?.flush();
    await this.#store?.close();
    this.#reader?.close();
  }
}
