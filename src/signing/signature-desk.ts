// Has signatures made on the threads of Node's pool, so that they hold up nobody: an RSA signature takes most of a millisecond. Promises: while there
// is much to sign, signatures are told several at once, since each time wakes another process; none is held back for longer than `mostHeldMs`, and
// the last one not at all.

import { availableParallelism } from 'node:os';
import { type KeyObject, sign } from 'node:crypto';
import { ed25519Input } from '../dkim/prepare-signature.ts';
import type { Timer, Timers } from '../io/timers.ts';
import type { PrivateKey } from './private-key.ts';

type Done = (error: Error | null, signature: Buffer) => void;

/** Makes one signature, and calls back in a later turn. `hash` is null for Ed25519, which has its own. */
export type MakeSignature = (hash: 'sha256' | null, bytes: Uint8Array, key: KeyObject, done: Done) => void;

export interface SignatureDeskOptions {
  readonly timers: Timers;
  /** Signatures that are made at the same time: one more than there are processors, so that no thread waits for its next one. */
  readonly parallel?: number;
  readonly make?: MakeSignature;
}

/** Signatures that are told at once. */
const mostTogether = 16;
const mostHeldMs = 8;
const nothing = Buffer.alloc(0);

export class SignatureDesk {
  readonly #timers: Timers;
  readonly #parallel: number;
  readonly #make: MakeSignature;
  /** What waits for a thread. */
  #waiting: (() => void)[] = [];
  #underWay = 0;
  /** What has been made, and not yet been told. */
  #made: (() => void)[] = [];
  #timer: Timer | undefined;

  constructor({ timers, parallel = availableParallelism() + 1, make = sign }: SignatureDeskOptions) {
    this.#timers = timers;
    this.#parallel = parallel;
    this.#make = make;
  }

  /** @param bytes - what is signed; by Ed25519, their hash (RFC 8463 3) */
  sign(bytes: Uint8Array, { key, algorithm }: PrivateKey): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const done: Done = (error, signature) =>
      this.#finished(() => {
        if (error === null) resolve(signature);
        else reject(error);
      });
    this.#waiting.push(() => {
      try {
        if (algorithm === 'rsa-sha256') this.#make('sha256', bytes, key, done);
        else this.#make(null, ed25519Input(bytes), key, done);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)), nothing);
      }
    });
    this.#beginNext();
    return promise;
  }

  #beginNext(): void {
    while (this.#underWay < this.#parallel) {
      const begin = this.#waiting.shift();
      if (begin === undefined) return;
      this.#underWay++;
      begin();
    }
  }

  #finished(tell: () => void): void {
    this.#underWay--;
    this.#made.push(tell);
    this.#beginNext();
    if (this.#underWay === 0 || this.#made.length >= mostTogether) this.#tellAll();
    else this.#timer ??= this.#timers.setTimeout(() => this.#tellAll(), mostHeldMs);
  }

  #tellAll(): void {
    this.#timers.clear(this.#timer);
    this.#timer = undefined;
    const made = this.#made;
    this.#made = [];
    for (const tell of made) tell();
  }
}
