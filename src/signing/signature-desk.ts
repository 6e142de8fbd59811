// Has signatures made on threads of its own, so that they hold up nobody: an RSA signature takes most of a millisecond. A thread gets what has come in
// one turn together, and tells it together: waking a thread and another process for each signature costs a fifth of what the signature does.
// Promises: each signature is made or fails; none waits while a thread has nothing to do; threads are started when there is something to sign.

import type { KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SigningAlgorithm } from '../dkim/tag-reader.ts';
import type { PrivateKey } from './private-key.ts';

/** What a thread is asked, several at once. */
export interface SignatureJob {
  /** What is signed; by Ed25519, their hash (RFC 8463 3). */
  readonly bytes: Uint8Array;
  readonly key: KeyObject;
  readonly algorithm: SigningAlgorithm;
}

/** What it answers to each, in their order. */
export type SignatureResult = Uint8Array | { readonly fault: string };

/** What is used of a worker. */
export interface SignatureThread {
  on(event: 'message', act: (results: readonly SignatureResult[]) => void): unknown;
  on(event: 'error', act: (error: Error) => void): unknown;
  postMessage(jobs: readonly SignatureJob[]): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

export interface SignatureDeskOptions {
  /** Signatures that are made at the same time. */
  readonly threads?: number;
  /** May throw. */
  readonly startThread?: () => SignatureThread;
}

interface Waiting extends SignatureJob {
  readonly made: (result: SignatureResult) => void;
}

/** One thread, and what it makes now. */
interface Place {
  thread: SignatureThread | undefined;
  asked: readonly Waiting[];
}

/** So many RSA signatures take some milliseconds, so that the first of them is not held back for longer. */
const mostTogether = 16;

const program = new URL(
  import.meta.url.endsWith('.ts') ? './signature-thread.ts' : './signature-thread.js',
  import.meta.url,
);

export class SignatureDesk {
  readonly #startThread: () => SignatureThread;
  readonly #places: readonly Place[];
  readonly #waiting: Waiting[] = [];
  #isGivingScheduled = false;
  #isClosed = false;

  constructor({ threads = availableParallelism(), startThread = startWorker }: SignatureDeskOptions = {}) {
    this.#startThread = startThread;
    this.#places = Array.from({ length: threads }, () => ({ thread: undefined, asked: [] }));
  }

  /**
   * @param bytes - what is signed; by Ed25519, their hash (RFC 8463 3)
   * @returns rejects with a clause about the key or the thread
   */
  sign(bytes: Uint8Array, { key, algorithm }: PrivateKey): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const made = (result: SignatureResult): void => {
        if ('fault' in result) reject(new Error(result.fault));
        else resolve(result);
      };
      if (this.#isClosed) {
        made({ fault: 'Sluice is stopping' });
        return;
      }
      this.#waiting.push({ bytes, key, algorithm, made });
      if (this.#isGivingScheduled) return;
      this.#isGivingScheduled = true;
      setImmediate(() => {
        this.#isGivingScheduled = false;
        this.#give();
      });
    });
  }

  /** Ends the threads; what is under way fails. */
  close(): void {
    this.#isClosed = true;
    for (const place of this.#places) {
      void place.thread?.terminate();
      place.thread = undefined;
      this.#tell(place, []);
    }
    for (const { made } of this.#waiting.splice(0)) made({ fault: 'Sluice is stopping' });
  }

  /** Threads with nothing to do share what waits. */
  #give(): void {
    const idle = this.#places.filter(({ asked }) => asked.length === 0);
    for (const [at, place] of idle.entries()) {
      const share = Math.ceil(this.#waiting.length / (idle.length - at));
      const jobs = this.#waiting.splice(0, Math.min(mostTogether, share));
      if (jobs.length === 0) return;
      this.#ask(place, jobs);
    }
  }

  #ask(place: Place, jobs: readonly Waiting[]): void {
    place.asked = jobs;
    try {
      place.thread ??= this.#start(place);
      place.thread.ref();
      place.thread.postMessage(jobs.map(({ bytes, key, algorithm }) => ({ bytes, key, algorithm })));
    } catch (error) {
      this.#lost(place, error);
    }
  }

  #start(place: Place): SignatureThread {
    const thread = this.#startThread();
    thread.on('message', (results) => {
      thread.unref();
      this.#tell(place, results);
      this.#give();
    });
    thread.on('error', (error) => {
      if (place.thread === thread) this.#lost(place, error);
    });
    return thread;
  }

  /** What the thread had fails, and the next ones get another thread. */
  #lost(place: Place, error: unknown): void {
    place.thread = undefined;
    const fault = error instanceof Error ? error.message : String(error);
    this.#tell(
      place,
      place.asked.map(() => ({ fault: `the thread that signs has failed: ${fault}` })),
    );
    this.#give();
  }

  #tell(place: Place, results: readonly SignatureResult[]): void {
    const { asked } = place;
    place.asked = [];
    for (const [at, { made }] of asked.entries()) made(results[at] ?? { fault: 'Sluice is stopping' });
  }
}

function startWorker(): SignatureThread {
  return new Worker(program, { name: 'signatures' });
}
