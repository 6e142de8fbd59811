// One connection to a policy server, on which one question at a time is asked. Promises: what is read is bounded; after a
// failure nothing more is asked, so that no answer is taken for that to another question.

import type { Socket } from 'node:net';
import type { Deadline, Deadlines } from '../../io/deadlines.ts';
import type { DialService, ServiceAddress } from '../../io/dial-service.ts';
import { serviceFailure } from '../../io/service-failure.ts';
import { PolicyAnswerReader } from '../../protocol/policy-delegation/answer-reader.ts';
import type { KeptConnection } from '../idle-connections.ts';

/** All connections of a process read into this buffer. */
const readBuffer = Buffer.allocUnsafe(16 * 1024);

/** How long a server may take to close its side after the end. */
const lingerMs = 10_000;

export interface PolicyConnectionParts {
  readonly dial: DialService;
  readonly deadlines: Pick<Deadlines, 'set' | 'clear' | 'nowMs'>;
  readonly address: ServiceAddress;
}

export class PolicyConnection implements Deadline, KeptConnection {
  atMs = Infinity;
  bucket = -1;
  readonly openedAtMs: number;
  readonly #deadlines: PolicyConnectionParts['deadlines'];
  readonly #socket: Socket;
  readonly #reader = new PolicyAnswerReader();
  #failure: string | undefined;
  /** Has anything come since the last question? */
  #hasHeard = false;
  #asked: { resolve(actions: readonly string[]): void; reject(error: Error): void } | undefined;

  constructor({ dial, deadlines, address }: PolicyConnectionParts) {
    this.#deadlines = deadlines;
    this.openedAtMs = deadlines.nowMs;
    this.#socket = dial(address, {
      buffer: readBuffer,
      callback: (count, buffer) => this.#received(Buffer.from(buffer.subarray(0, count))),
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(serviceFailure(error)));
    this.#socket.on('end', () => this.#fail('it has closed the connection'));
    this.#socket.on('close', () => this.#fail('it has closed the connection'));
  }

  get isGone(): boolean {
    return this.#failure !== undefined;
  }

  /** Was it lost before the server has said anything to the last question? */
  get isUnheard(): boolean {
    return this.isGone && !this.#hasHeard;
  }

  /**
   * Asks, and waits for the answer.
   * @param signal - ends the wait, and the connection with it
   * @returns the actions of the answer
   * @throws {Error} with a clause about what went wrong
   */
  async ask(request: Buffer, signal: AbortSignal): Promise<readonly string[]> {
    if (this.#failure !== undefined) throw new Error(this.#failure);
    const giveUp = (): void => this.#fail('it was given up');
    signal.addEventListener('abort', giveUp);
    try {
      return await new Promise((resolve, reject) => {
        this.#asked = { resolve, reject };
        this.#hasHeard = false;
        this.#socket.write(request);
      });
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  quit(): void {
    if (this.isGone) return;
    this.#failure = 'it is not used any more';
    this.#socket.end();
    // Half open: the server has to close its side.
    this.#deadlines.set(this, lingerMs);
  }

  rest(longestMs: number): void {
    this.#socket.unref();
    this.#deadlines.set(this, longestMs);
  }

  wake(): void {
    this.#socket.ref();
    this.#deadlines.clear(this);
  }

  expired(): void {
    if (this.isGone) this.#socket.destroy();
    else this.quit();
  }

  /** @returns whether more may come */
  #received(bytes: Buffer): boolean {
    this.#hasHeard = true;
    const asked = this.#asked;
    if (asked === undefined) {
      this.#fail('it has sent something without being asked');
      return false;
    }
    const answer = this.#reader.add(bytes);
    if (answer === undefined) return true;
    if (answer.kind === 'broken') {
      this.#fail(answer.why);
      return false;
    }
    this.#asked = undefined;
    asked.resolve(answer.actions);
    return true;
  }

  #fail(why: string): void {
    this.#failure ??= why;
    this.#deadlines.clear(this);
    this.#socket.destroy();
    this.#asked?.reject(new Error(why));
    this.#asked = undefined;
  }
}
