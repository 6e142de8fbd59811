// One session with a server: its socket, its sans-I/O session and its timer. A connection has one wire at a time, and another one
// when TLS has to be tried in another way. Promise: a wire that was dropped tells nothing any more.

import type { ClientSession } from '../../protocol/smtp/client/client-session.ts';
import type { ClientDialect } from '../../protocol/smtp/client/dialect.ts';
import type { ClientSessionOptions, ClientTransaction } from '../../protocol/smtp/client/client-types.ts';
import type { SocketHop } from '../../route/types.ts';
import type { PipeliningKind } from '../../values/pipelining.ts';
import type { Deadlines } from '../../io/deadlines.ts';
import type { LineContext } from '../connection-context.ts';
import { Distance } from './distance.ts';
import { openSession } from './open-session.ts';
import { OutgoingSocket } from './outgoing-socket.ts';
import { PhaseTimer } from './phase-timer.ts';

/** Pieces of up to this size are copied into one buffer: one small copy is cheaper than a writev. */
const oneWriteBytes = 16 * 1024;

export interface WireEvents {
  connected(): void;
  /** The session has taken bytes. */
  received(): void;
  lost(reason: string, isLocal: boolean, code: string): void;
  expired(): void;
}

/** Where a wire goes, and how its session begins. */
export interface WireTarget {
  readonly hop: SocketHop;
  readonly source: string;
  readonly dialect: ClientDialect;
  readonly tls: ClientSessionOptions['tls'];
  /** Kinds of pipelining that the server does not bear. */
  readonly without: readonly PipeliningKind[];
}

export class Wire {
  readonly session: ClientSession;
  readonly socket: OutgoingSocket;
  readonly timer: PhaseTimer;
  isConnected = false;
  /** Bytes to be written together at the next `flush`. */
  readonly #pieces: Uint8Array[] = [];
  #heldBytes = 0;
  readonly #distance = new Distance();
  readonly #deadlines: Deadlines;
  #isDropped = false;
  #taker: ((bytes: Uint8Array) => void) | undefined;

  constructor(context: LineContext, { hop, source, dialect, tls, without }: WireTarget, events: WireEvents) {
    const { deadlines, settings, dial } = context;
    this.#deadlines = deadlines;
    this.session = openSession(context, hop, source, dialect, tls, without);
    this.timer = new PhaseTimer(deadlines, settings.timeouts, this.session, () => events.expired());
    this.socket = new OutgoingSocket(dial, hop.endpoint, source, {
      connected: () => {
        if (this.#isDropped) return;
        this.isConnected = true;
        this.timer.run();
        events.connected();
      },
      received: (bytes) => {
        if (this.#isDropped) return;
        this.#distance.heard(deadlines.nowMs);
        if (this.#taker === undefined) this.session.receive(bytes);
        else this.#taker(bytes);
        events.received();
      },
      lost: (reason, isLocal, code = '') => {
        if (!this.#isDropped) events.lost(reason, isLocal, code);
      },
    });
    this.timer.startConnecting();
  }

  /** What the server says from now on is taken in place of the session, which is idle: for commands that no delivery needs. */
  divert(taker: (bytes: Uint8Array) => void): void {
    this.#taker = taker;
  }

  /** Bytes that were added, and wait for the next `flush`. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The server is so far that the time of a round trip is what counts. */
  get isFar(): boolean {
    return this.#distance.isFar;
  }

  /** A message may begin behind what is on the way. To a server near by it leaves in the same write, or not yet. */
  get mayFollow(): boolean {
    return this.#heldBytes > 0 || this.session.phase === 'idle' || this.isFar;
  }

  /**
   * Begins a transaction. Returns whether its content has to be added at once, as it is.
   * @param isFollowed - one more is at hand, and will begin behind it
   */
  begin(transaction: ClientTransaction, isFollowed: boolean): boolean {
    if (this.session.phase === 'idle') this.#distance.asked(this.#deadlines.nowMs);
    return this.session.begin(transaction, isFollowed);
  }

  /** Adds content behind what the session has to say, for the next `flush`. */
  add(pieces: readonly Uint8Array[]): void {
    const output = this.session.takeOutput();
    if (output !== undefined) this.#hold(output);
    for (const piece of pieces) this.#hold(piece);
  }

  /** Sends what the session has to say, behind the content that was added: commands of the next message leave with it (RFC 2920 3.1). */
  flush(): void {
    const output = this.session.takeOutput();
    const pieces = this.#pieces;
    if (this.session.phase === 'helo') this.#distance.asked(this.#deadlines.nowMs);
    if (pieces.length === 0) {
      if (output !== undefined && !this.socket.isGone) this.socket.write(output);
      return;
    }
    if (output !== undefined) this.#hold(output);
    if (!this.socket.isGone) {
      if (this.#heldBytes <= oneWriteBytes) this.socket.write(Buffer.concat(pieces, this.#heldBytes));
      else this.socket.writeTogether(pieces);
    }
    pieces.length = 0;
    this.#heldBytes = 0;
  }

  #hold(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#heldBytes += piece.length;
  }

  /** Closes, after the server when it has answered QUIT. */
  end(context: LineContext): void {
    this.timer.stop();
    if (this.session.saidGoodbye) this.socket.leave(context.deadlines);
    else this.socket.destroy();
  }

  /** Closes at once and without a word: another wire takes its place. */
  drop(): void {
    this.#isDropped = true;
    this.timer.stop();
    this.socket.destroy();
  }
}
