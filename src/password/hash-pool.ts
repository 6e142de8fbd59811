// The threads that compute slow hashes. They are threads of their own and not those that Node does file operations with: mail is synced
// by those, and no commit waits for a password.
// Promises: so many hashes at once and no more; clients take turns; a bounded number waits, for a bounded time; what is not computed is never called wrong.

import { Worker } from 'node:worker_threads';
import { nodeTimers, type Timer, type Timers } from '../io/timers.ts';
import { checkPassword, isQuick } from './check-password.ts';
import type { ParsedHash } from './parsed-hash.ts';
import { type Waiting, WaitingLine } from './waiting-line.ts';

/** Passwords that wait for a thread at most, and those of one client. */
const [mostWaiting, mostOfOwner] = [1_000, 100];
/** A password waits for a thread no longer than this: its client would have gone. */
const waitsMs = 10_000;

const program = new URL(
  import.meta.url.endsWith('.ts') ? './hash-thread.ts' : './hash-thread.js',
  import.meta.url,
);

/** What a thread is asked. */
export interface HashJob {
  readonly hash: ParsedHash;
  readonly password: string;
}

/** What it answers: `fault` when the computation failed, for example without memory. */
export type HashResult = { readonly fits: boolean } | { readonly fault: string };

export type PasswordCheck =
  | { readonly kind: 'fits' }
  | { readonly kind: 'differs' }
  /** It was not computed. `reason` is a clause for the log. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** What is used of a worker. */
export interface HashThread {
  on(event: 'message', act: (result: HashResult) => void): unknown;
  on(event: 'error', act: (error: Error) => void): unknown;
  postMessage(job: HashJob): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

interface Job extends HashJob, Waiting {
  readonly isKnown: () => boolean;
  readonly resolve: (check: PasswordCheck) => void;
}

/** One thread, and what it computes now. */
interface Place {
  thread: HashThread | undefined;
  job: Job | undefined;
}

export interface HashPoolParts {
  /** Hashes that are computed at the same time. */
  readonly threads: number;
  readonly timers?: Timers;
  /** May throw. */
  readonly startThread?: () => HashThread;
}

export class HashPool {
  readonly #timers: Timers;
  readonly #startThread: () => HashThread;
  #places: readonly Place[] = [];
  readonly #waiting = new WaitingLine<Job>();
  #timer: Timer | undefined;
  #isClosed = false;

  constructor({ threads, timers = nodeTimers, startThread = startWorker }: HashPoolParts) {
    this.#timers = timers;
    this.#startThread = startThread;
    this.resize(threads);
  }

  /** Sets the number of threads; those that are too many end when they have nothing to compute. */
  resize(threads: number): void {
    const kept = this.#places.slice(0, threads);
    for (const place of this.#places.slice(threads)) if (place.job === undefined) end(place);
    const more = Array.from({ length: Math.max(0, threads - kept.length) }, () => emptyPlace());
    this.#places = [...kept, ...more];
    this.#next();
  }

  /**
   * Checks a password. It never rejects.
   * @param owner - who wants to know, such as the client's address: owners take turns
   * @param isKnown - whether another one has shown meanwhile that the password fits: asked when its turn comes
   */
  check(
    hash: ParsedHash,
    password: string,
    owner = '',
    isKnown: () => boolean = () => false,
  ): Promise<PasswordCheck> {
    if (isQuick(hash)) return Promise.resolve(checkNow({ hash, password }));
    if (this.#isClosed || this.#waiting.length >= mostWaiting || this.#waiting.lengthOf(owner) >= mostOfOwner)
      return Promise.resolve({ kind: 'unknown', reason: 'too many passwords wait to be checked' });
    return new Promise((resolve) => {
      const untilMs = this.#timers.nowMs() + waitsMs;
      this.#waiting.add({ hash, password, owner, isKnown, resolve, untilMs });
      this.#next();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timers.clear(this.#timer);
    this.#timer = undefined;
    for (const { resolve } of this.#waiting.takeAll())
      resolve({ kind: 'unknown', reason: 'Sluice is stopping' });
    for (const place of this.#places) end(place);
  }

  #next(): void {
    this.#refuseLate();
    for (const place of this.#places) {
      if (place.job !== undefined) continue;
      const job = this.#take();
      if (job === undefined) {
        place.thread?.unref();
        continue;
      }
      this.#give(place, job);
    }
    this.#timers.clear(this.#timer);
    const first = this.#waiting.oldest;
    this.#timer =
      first === undefined
        ? undefined
        : this.#timers.setTimeout(() => this.#next(), Math.max(1, first.untilMs - this.#timers.nowMs()));
  }

  /** Takes the next one that has to be computed. */
  #take(): Job | undefined {
    for (;;) {
      const job = this.#waiting.take();
      if (job === undefined || !job.isKnown()) return job;
      job.resolve({ kind: 'fits' });
    }
  }

  #refuseLate(): void {
    for (const { resolve } of this.#waiting.takeLate(this.#timers.nowMs()))
      resolve({ kind: 'unknown', reason: 'the password waited too long to be checked' });
  }

  #give(place: Place, job: Job): void {
    try {
      place.thread ??= this.#start(place);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      job.resolve({ kind: 'unknown', reason: `a thread for hashes cannot be started: ${why}` });
      return;
    }
    place.job = job;
    place.thread.ref();
    place.thread.postMessage({ hash: job.hash, password: job.password });
  }

  #start(place: Place): HashThread {
    const thread = this.#startThread();
    thread.on('message', (result) => this.#answered(place, result));
    thread.on('error', (error) => {
      // A thread that ended takes one password with it, and the next one gets another thread.
      place.thread = undefined;
      this.#answered(place, { fault: error.message });
    });
    return thread;
  }

  #answered(place: Place, result: HashResult): void {
    const { job } = place;
    place.job = undefined;
    job?.resolve(checkOf(result));
    if (!this.#places.includes(place)) end(place);
    if (!this.#isClosed) this.#next();
  }
}

function startWorker(): HashThread {
  return new Worker(program, { name: 'hashes' });
}

function emptyPlace(): Place {
  return { thread: undefined, job: undefined };
}

function end(place: Place): void {
  const { thread, job } = place;
  place.thread = undefined;
  place.job = undefined;
  job?.resolve({ kind: 'unknown', reason: 'Sluice is stopping' });
  void thread?.terminate();
}

function checkNow({ hash, password }: HashJob): PasswordCheck {
  return checkOf({ fits: checkPassword(hash, password) });
}

function checkOf(result: HashResult): PasswordCheck {
  if ('fault' in result) return { kind: 'unknown', reason: `computing a hash failed: ${result.fault}` };
  return { kind: result.fits ? 'fits' : 'differs' };
}
