// Carries out what is asked of the database of greylisting, in a thread, in groups: what comes while one group is on its way goes with the next.
// Promises: every task ends, within the time limit of its group after it is sent; the number of those that wait is bounded.

import { Worker } from 'node:worker_threads';
import { nodeTimers, type Timer, type Timers } from '../../io/timers.ts';
import type { GreylistBatch, GreylistReply, GreylistResult, GreylistTask } from './messages.ts';

/** Tasks that are sent together at most. */
const mostTogether = 256;
/** Tasks that wait at most. */
const mostWaiting = 20_000;
/** For another program's lock of the database, such as that of somebody who looks into it. */
const busyMs = 2_000;
/** For a group: a disk that takes longer than that hangs. */
const patienceMs = 8_000;
/** Threads that hang in a call of the system, at most: nothing ends them but the system. */
const mostHanging = 2;

const program = new URL(
  import.meta.url.endsWith('.ts') ? './thread-main.ts' : './thread-main.js',
  import.meta.url,
);

/** What is used of a worker. */
export interface Thread {
  on(event: 'message', act: (reply: GreylistReply) => void): unknown;
  on(event: 'error', act: (error: Error) => void): unknown;
  postMessage(batch: GreylistBatch): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

export interface GreylistThreadParts {
  readonly path: string;
  readonly timers?: Timers | undefined;
  /** In the time that is remembered. */
  readonly nowMs: () => number;
  readonly log: { warn(text: string): void };
  /** May throw. */
  readonly start?: (() => Thread) | undefined;
}

interface Waiting {
  readonly task: GreylistTask;
  readonly resolve: (result: GreylistResult | string) => void;
}

export class GreylistThread {
  readonly #parts: GreylistThreadParts;
  readonly #timers: Timers;
  #worker: Thread | undefined;
  /** Those that the worker has now. */
  #asked: readonly Waiting[] = [];
  #waiting: Waiting[] = [];
  #timer: Timer | undefined;
  #hanging = 0;
  #whenIdle: (() => void)[] = [];

  constructor(parts: GreylistThreadParts) {
    this.#parts = parts;
    this.#timers = parts.timers ?? nodeTimers;
  }

  /** @returns a text: why it was not carried out. It never rejects */
  carryOut(task: GreylistTask): Promise<GreylistResult | string> {
    if (this.#waiting.length >= mostWaiting)
      return Promise.resolve('too many questions wait for its database');
    return new Promise((resolve) => {
      this.#waiting.push({ task, resolve });
      if (this.#asked.length === 0) this.#next();
    });
  }

  /** Resolves when all that was asked is answered, and the thread is gone. */
  async close(): Promise<void> {
    if (this.#asked.length > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #next(): void {
    const group = this.#waiting.splice(0, mostTogether);
    if (group.length > 0) {
      this.#send(group);
      return;
    }
    this.#worker?.unref();
    for (const idle of this.#whenIdle.splice(0)) idle();
  }

  #send(group: readonly Waiting[]): void {
    const worker = this.#worker ?? this.#start();
    if (typeof worker === 'string') {
      for (const { resolve } of group) resolve(worker);
      this.#next();
      return;
    }
    this.#asked = group;
    worker.ref();
    const { path, nowMs } = this.#parts;
    worker.postMessage({ path, busyMs, nowMs: nowMs(), tasks: group.map(({ task }) => task) });
    this.#timer = this.#timers.setTimeout(() => this.#hangs(worker), patienceMs);
  }

  /** @returns why there is none, as a text */
  #start(): Thread | string {
    if (this.#hanging >= mostHanging) return 'the disk does not answer';
    let worker: Thread;
    try {
      worker = (this.#parts.start ?? startThread)();
    } catch (error) {
      return `a thread for its database cannot be started: ${textOf(error)}`;
    }
    worker.on('message', (reply: GreylistReply) => {
      if (worker === this.#worker) this.#replied(reply);
    });
    worker.on('error', (error: Error) => {
      if (worker === this.#worker) this.#lost(`the thread of its database ended: ${error.message}`);
    });
    this.#worker = worker;
    return worker;
  }

  #replied({ results, notice }: GreylistReply): void {
    if (notice !== undefined) this.#parts.log.warn(notice);
    for (const [at, { resolve }] of this.#taken().entries()) {
      resolve(typeof results === 'string' ? `its database: ${results}` : (results[at] ?? 'no answer'));
    }
    this.#next();
  }

  /** The group has had its time. A thread cannot be stopped in a call of the system: it ends after that, and another takes its place. */
  #hangs(worker: Thread): void {
    this.#hanging++;
    worker.unref();
    void worker.terminate().finally(() => this.#hanging--);
    this.#lost('its database did not answer in time');
  }

  #lost(reason: string): void {
    this.#worker = undefined;
    for (const { resolve } of this.#taken()) resolve(reason);
    this.#next();
  }

  #taken(): readonly Waiting[] {
    this.#timers.clear(this.#timer);
    const asked = this.#asked;
    this.#asked = [];
    return asked;
  }
}

function startThread(): Thread {
  return new Worker(program, { name: 'greylist' });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
