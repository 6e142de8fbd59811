// One connection to a milter: writes what its session has to say, and waits for answers. Promises: each wait is bounded, what arrives
// is read no faster than it is used, and after a failure nothing more is said.

import type { Socket } from 'node:net';
import type { Deadline, Deadlines } from '../../io/deadlines.ts';
import type { DialService, ServiceAddress } from '../../io/dial-service.ts';
import { serviceFailure } from '../../io/service-failure.ts';
import type { Terms } from '../../protocol/milter/flags.ts';
import type { MacroLists } from '../../values/milter-macros.ts';
import type { MilterEvent, MilterVerdict, Question } from '../../protocol/milter/milter-events.ts';
import { MilterSession } from '../../protocol/milter/milter-session.ts';
import { maxPacketBytes } from '../../protocol/milter/packet-reader.ts';
import type { KeptConnection } from '../idle-connections.ts';

/** All connections of a process read into this buffer. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

/** Beyond this, nothing more is written before the milter has taken what was. */
const mostUnwrittenBytes = 256 * 1024;

/** Beyond this, small pieces are not joined any more. */
const joinedBytes = 128 * 1024;

export interface ConnectionParts {
  readonly dial: DialService;
  readonly deadlines: Pick<Deadlines, 'set' | 'clear'>;
  readonly address: ServiceAddress;
  readonly offer: Terms;
  readonly macros: MacroLists;
  /** For the connection and the negotiation together. */
  readonly connectMs: number;
}

export interface Answered {
  readonly on: Question;
  readonly verdict: MilterVerdict;
}

/** What a milter says before its verdict on a message. */
export type Addition = Extract<MilterEvent, { readonly kind: 'quarantine' | 'edit' | 'body' }>;

export class MilterConnection implements Deadline, KeptConnection {
  atMs = Infinity;
  bucket = -1;
  readonly session: MilterSession;
  readonly #deadlines: ConnectionParts['deadlines'];
  readonly #socket: Socket;
  /** Why nothing more can be said; a clause. */
  #failure: string | undefined;
  #limitMs = 0;
  /** How long it is kept, of which nothing has passed yet; undefined: it is in use. */
  #restMs: number | undefined;
  /** Has the milter said anything since the connection was opened, or taken up again? */
  #hasHeard = false;
  #isPaused = false;
  /** Called when something has come, was written, or has failed. */
  #wake: (() => void) | undefined;

  private constructor({ dial, deadlines, address, offer, macros }: ConnectionParts) {
    this.session = new MilterSession(offer, macros);
    this.#deadlines = deadlines;
    this.#socket = dial(address, {
      buffer: readBuffer,
      callback: (count, buffer) => this.#received(Buffer.from(buffer.subarray(0, count))),
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(serviceFailure(error)));
    this.#socket.on('close', () => this.#fail('it has closed the connection'));
    this.#socket.on('drain', () => this.#wake?.());
  }

  /**
   * Connects, and negotiates.
   * @throws {Error} with a clause about what went wrong
   */
  static async open(parts: ConnectionParts): Promise<MilterConnection> {
    const connection = new MilterConnection(parts);
    await connection.ask(parts.connectMs);
    return connection;
  }

  /** It was lost, or the milter has broken the protocol. */
  get isGone(): boolean {
    return this.#failure !== undefined || this.session.isBroken;
  }

  /** Why it is gone; a clause. */
  get failure(): string {
    return this.#failure ?? 'it has broken the protocol';
  }

  /** Writes what the session has to say, without a wait. */
  send(): void {
    const pieces = this.session.takeOutput();
    if (pieces.length === 0 || this.#failure !== undefined) return;
    let bytes = 0;
    for (const piece of pieces) bytes += piece.length;
    if (bytes <= joinedBytes) {
      this.#socket.write(pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces, bytes));
      return;
    }
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  /**
   * Writes what the session has to say, and waits until all questions are answered, or the milter has decided.
   * @param limitMs - for each answer; a milter may ask for more time
   * @param take - gets what a milter says before its verdict
   * @returns the first verdict other than `continue`; undefined when there is none
   * @throws {Error} with a clause about what went wrong
   */
  async ask(
    limitMs: number,
    take?: (addition: Addition) => Promise<void> | undefined,
  ): Promise<Answered | undefined> {
    try {
      this.#limitMs = limitMs;
      this.#deadlines.set(this, limitMs);
      this.send();
      await this.#written();
      for (;;) {
        const event = this.session.next();
        if (event === undefined) {
          if (!this.session.isWaiting) return undefined;
          await this.#more();
          continue;
        }
        this.#deadlines.set(this, limitMs);
        if (event.kind === 'broken') throw this.#broken(event.why);
        if (event.kind === 'verdict') {
          const { on, verdict } = event;
          if (verdict.kind !== 'continue') return { on, verdict };
        } else if (event.kind === 'quarantine' || event.kind === 'edit' || event.kind === 'body') {
          const taken = take?.(event);
          if (taken !== undefined) await this.#whileTaken(taken);
        }
      }
    } finally {
      this.#deadlines.clear(this);
    }
  }

  /** Ends the connection in order. */
  quit(): void {
    if (this.isGone || this.session.isWaiting) {
      this.destroy();
      return;
    }
    this.session.quit();
    this.send();
    this.#failure = 'the session has ended';
    this.#socket.end();
    // Half open: the milter has to close its side.
    this.#deadlines.set(this, lingerMs);
  }

  /**
   * Ends the session, and keeps the connection for another one; for this long at most. The milter hears of the end with the beginning of the
   * next session, if that follows soon: one write, and one thing less for which it has to wake up.
   */
  rest(longestMs: number): void {
    this.session.quit(true);
    this.#restMs = longestMs;
    this.#socket.unref();
    this.#deadlines.set(this, soonMs);
  }

  /** Takes it up for another session. */
  wake(): void {
    this.#restMs = undefined;
    this.#hasHeard = false;
    this.#socket.ref();
    this.#deadlines.clear(this);
  }

  /** Was it lost before the milter has said anything in this session? */
  get isUnheard(): boolean {
    return this.isGone && !this.#hasHeard;
  }

  destroy(): void {
    this.#failure ??= 'the connection was given up';
    this.#deadlines.clear(this);
    this.#socket.destroy();
    this.#wake?.();
  }

  expired(): void {
    if (this.#restMs !== undefined) this.#tired(this.#restMs);
    else this.#fail(`it did not answer within ${Math.round(this.#limitMs / 1000)} s`);
  }

  #tired(longestMs: number): void {
    if (this.session.outputBytes === 0) {
      this.quit();
      return;
    }
    this.send();
    this.#deadlines.set(this, Math.max(longestMs - soonMs, 1));
  }

  /** @returns whether more may come */
  #received(bytes: Buffer): boolean {
    this.#hasHeard = true;
    if (!this.session.expectsAnswer) {
      this.#fail('it answered to nothing');
      return false;
    }
    this.session.receive(bytes);
    this.#wake?.();
    // One packet may be as large as this; what comes beyond waits until it is used.
    this.#isPaused = this.session.inputBytes > maxPacketBytes + readBuffer.length;
    return !this.#isPaused;
  }

  #broken(why: string): Error {
    this.#fail(why);
    return new Error(why);
  }

  #fail(why: string): void {
    this.#failure ??= why;
    this.#deadlines.clear(this);
    this.#socket.destroy();
    this.#wake?.();
  }

  /** The disk is not the milter: while it is busy, no time of the milter runs. */
  async #whileTaken(taken: Promise<void>): Promise<void> {
    this.#deadlines.clear(this);
    await taken;
    this.#deadlines.set(this, this.#limitMs);
  }

  async #written(): Promise<void> {
    while (this.#socket.writableLength > mostUnwrittenBytes) await this.#event();
  }

  async #more(): Promise<void> {
    const had = this.session.inputBytes;
    if (this.#failure !== undefined) throw new Error(this.#failure);
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#socket.resume();
    }
    while (this.session.inputBytes === had) await this.#event();
  }

  async #event(): Promise<void> {
    if (this.#failure !== undefined) throw new Error(this.#failure);
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }
}

/** How long the end of a session may wait for the next one. */
const soonMs = 1_000;

/** How long a milter may take to close its side after the end of a session. */
const lingerMs = 10_000;
