// A manager that delivers while another program fills and frees the disk, and while the file system becomes read-only.
// At every stop and start, the model asserts which deliveries may be repeated and which outcomes must be stored.

import assert from 'node:assert/strict';
import { below, seededRandom, type Random } from '../../../sim/disk/random.ts';
import type { DiskProcess, SimulatedDisk } from '../../../sim/disk/simulated-disk.ts';
import { openSpoolStore, openSpoolWriter } from '../../../src/spool/open.ts';
import { SpoolError } from '../../../src/spool/spool-error.ts';
import type { SpoolStore, SpoolWriter } from '../../../src/spool/types.ts';
import { contentFor, envelopeFor, writerDefaults } from '../support.ts';
import { saidForm } from '../../refusals.ts';

const directory = '/var/spool/sluice';
/** Most deliveries in progress, and most outcomes between two writes: a quarter of the journal's room is for them. */
const maxInProgress = 4;
const roomBytes = 4 * 1024;

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export class FullDiskModel {
  disk: SimulatedDisk;
  /** How often each kind of event happened, so that a test can require that it did. */
  readonly seen = {
    accepted: 0,
    refused: 0,
    delivered: 0,
    blocked: 0,
    stopped: 0,
    startedFull: 0,
    deliveredFull: 0,
    readOnly: 0,
    compacted: 0,
  };
  readonly #random: Random;
  #process: DiskProcess | undefined;
  #writer: SpoolWriter | undefined;
  #store: SpoolStore | undefined;
  #isBlocked = false;
  /** Messages that were accepted, and not settled as delivered. */
  readonly #waiting = new Set<string>();
  readonly #inFlight: string[] = [];
  /** Delivered messages; true when the outcome is stored, so that it must not be delivered again. */
  readonly #delivered = new Map<string, boolean>();
  /** Number of outcomes since the journal was last written. */
  #unwritten = 0;
  #contents = 0;
  /** Number of deliveries that the next start may repeat: as many as the stop has reported, or any number after a kill. */
  #mayRepeat = 0;
  /** True if the last start found no room for a new journal. */
  #startedFull = false;
  /** A maintenance step in progress, during which mail is delivered and the disk is filled. */
  #maintenance: Promise<void> | undefined;

  constructor(seed: number, disk: SimulatedDisk) {
    this.#random = seededRandom(seed);
    this.disk = disk;
  }

  async start(): Promise<void> {
    this.#startedFull = this.disk.freeBytes < roomBytes;
    if (this.#startedFull) this.seen.startedFull++;
    this.#process = this.disk.process();
    this.#inFlight.length = 0;
    this.#unwritten = 0;
    this.#isBlocked = false;
    const { files } = this.#process;
    this.#maintenance = undefined;
    this.#writer = await openSpoolWriter({
      ...writerDefaults,
      directory,
      segmentBytes: 16 * 1024,
      files,
      // The time advances with each call, so that free space is measured each time.
      now: () => this.#contents++ * 1000,
    });
    const store = await openSpoolStore({
      directory,
      slot: 0,
      journalSyncMs: 1_000_000,
      journalBytes: 2 * 1024,
      journalRoomBytes: roomBytes,
      segmentBytes: 16 * 1024,
      relocateAfterMs: 1_000_000_000_000,
      files: {
        ...files,
        open: (path, flags) => {
          if (this.#maintenance !== undefined && path.includes('/journal/') && flags === 'wx')
            this.seen.compacted++;
          return files.open(path, flags);
        },
      },
      onBlocked: (reason) => {
        this.#isBlocked = reason !== undefined;
        if (reason !== undefined) this.seen.blocked++;
      },
    });
    this.#store = store;
    const recovered = new Set<string>();
    for await (const { queueId } of store.recover()) recovered.add(queueId);
    for (const queueId of this.#waiting)
      assert.ok(recovered.has(queueId), `${queueId} was accepted and is lost`);
    let repeated = 0;
    for (const queueId of recovered) {
      if (this.#delivered.has(queueId)) repeated++;
      const isStored = this.#delivered.get(queueId);
      assert.notEqual(isStored, true, `${queueId} would be delivered again although its outcome was stored`);
      this.#delivered.delete(queueId);
      this.#waiting.add(queueId);
    }
    assert.ok(
      repeated <= this.#mayRepeat,
      `${repeated} deliveries would be repeated, ${this.#mayRepeat} at most were named`,
    );
    // Outcomes that recovery has read are stored for good.
    this.#allStored();
  }

  async work(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await this.#step(this.#random());
      for (let turns = below(this.#random, 3); turns > 0; turns--) await nextTurn();
      if (this.#unwritten >= maxInProgress) await this.#flush();
    }
  }

  async #step(dice: number): Promise<void> {
    if (dice < 0.3) await this.#accept();
    else if (dice < 0.6) this.#grant();
    else if (dice < 0.85) this.#finish();
    else if (dice < 0.91) await this.#flush();
    else if (dice < 0.94) this.#maintenance ??= this.#maintain();
    else if (dice < 0.97) this.disk.fill(below(this.#random, 3) * 1000);
    else if (dice < 0.973) this.#makeRoom();
    else {
      this.disk.readOnly = !this.disk.readOnly && dice > 0.992;
      if (this.disk.readOnly) this.seen.readOnly++;
    }
  }

  #makeRoom(): void {
    this.disk.makeRoom();
    this.#startedFull = false;
  }

  async #accept(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    const queueId = writer.newQueueId();
    const content = [contentFor(++this.#contents, below(this.#random, 600))];
    try {
      const { ref } = await writer.append({ envelope: envelopeFor(queueId), content });
      this.#store?.submitted(queueId, ref, 1);
      this.#waiting.add(queueId);
      this.seen.accepted++;
    } catch (error) {
      this.#tolerated(error);
      this.seen.refused++;
    }
  }

  /** Begins a delivery, unless outcomes cannot be stored, as the manager does. */
  #grant(): void {
    if (this.#isBlocked || this.#inFlight.length >= maxInProgress) return;
    const free = [...this.#waiting].filter((queueId) => !this.#inFlight.includes(queueId));
    const queueId = free[below(this.#random, free.length)];
    if (queueId !== undefined) this.#inFlight.push(queueId);
  }

  #finish(): void {
    const queueId = this.#inFlight.shift();
    if (queueId === undefined) return;
    this.#unwritten++;
    if (this.#random() < 0.6) {
      const refusal = saidForm(`451 try again later, ${this.#contents}`);
      const deferred = {
        kind: 'deferred',
        queueId,
        recipient: 0,
        attempts: 1,
        nextAttemptAtMs: 5,
        refusal,
      } as const;
      this.#store?.settle([deferred]);
      return;
    }
    this.#store?.settle([{ kind: 'delivered', queueId, recipient: 0 }]);
    this.#waiting.delete(queueId);
    this.#delivered.set(queueId, false);
    this.seen.delivered++;
    if (this.#startedFull) this.seen.deliveredFull++;
  }

  async #flush(): Promise<void> {
    this.#unwritten = 0;
    try {
      await this.#store?.flush();
      this.#allStored();
    } catch (error) {
      this.#tolerated(error);
    }
  }

  async #maintain(): Promise<void> {
    try {
      await this.#store?.maintain(0);
    } catch (error) {
      this.#tolerated(error);
    } finally {
      this.#maintenance = undefined;
    }
  }

  #allStored(): void {
    for (const queueId of this.#delivered.keys()) this.#delivered.set(queueId, true);
  }

  #tolerated(error: unknown): void {
    if (!(error instanceof SpoolError)) throw error;
    assert.match(error.code, /^SPOOL_(WRITE_FAILED|FULL)$/);
  }

  /** Stops in order (SIGTERM): finishes deliveries in progress, then stores all outcomes or reports how many are not. */
  async stop(): Promise<void> {
    while (this.#inFlight.length > 0) this.#finish();
    const unstored = (await this.#store?.storeOutcomes(0)) ?? 0;
    if (!this.disk.readOnly)
      assert.equal(unstored, 0, 'outcomes found no room, although deliveries began only with room for them');
    if (unstored === 0) this.#allStored();
    this.#mayRepeat = unstored;
    this.seen.stopped++;
    await this.#writer?.close();
    await this.#store?.close().catch((error: unknown) => this.#tolerated(error));
    this.#process?.kill();
  }

  /** Kills the processes (SIGKILL): written outcomes stay, others are lost. */
  kill(): void {
    this.#mayRepeat = Infinity;
    this.#process?.kill();
  }
}
