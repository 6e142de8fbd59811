// One session with a server: its socket, its sans-I/O session and its timer. A connection has one wire at a time, and another one
// when TLS has to be tried in another way. Promise: a wire that was dropped tells nothing any more.

import type { ClientSession } from '../../protocol/smtp/client/client-session.ts';
import type { ClientDialect } from '../../protocol/smtp/client/dialect.ts';
import type { ClientSessionOptions } from '../../protocol/smtp/client/client-types.ts';
import type { SocketHop } from '../../route/types.ts';
import type { PipeliningKind } from '../../values/pipelining.ts';
import type { ConnectionContext } from '../connection-context.ts';
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
  #isDropped = false;

  constructor(
    context: ConnectionContext,
    { hop, source, dialect, tls, without }: WireTarget,
    events: WireEvents,
  ) {
    const { deadlines, settings, dial } = context;
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
        this.session.receive(bytes);
        events.received();
      },
      lost: (reason, isLocal, code = '') => {
        if (!this.#isDropped) events.lost(reason, isLocal, code);
      },
    });
    this.timer.startConnecting();
  }

  /** Adds content behind what the session has to say, for the next `flush`. */
  add(pieces: readonly Uint8Array[]): void {
    const output = this.session.takeOutput();
    if (output !== undefined) this.#pieces.push(output);
    this.#pieces.push(...pieces);
  }

  /** Sends what the session has to say, behind the content that was added: commands of the next message leave with it (RFC 2920 3.1). */
  flush(): void {
    const output = this.session.takeOutput();
    const pieces = this.#pieces;
    if (pieces.length === 0) {
      if (output !== undefined && !this.socket.isGone) this.socket.write(output);
      return;
    }
    if (output !== undefined) pieces.push(output);
    if (!this.socket.isGone) this.#write(pieces);
    pieces.length = 0;
  }

  #write(pieces: readonly Uint8Array[]): void {
    let bytes = 0;
    for (const { length } of pieces) bytes += length;
    if (bytes <= oneWriteBytes) this.socket.write(Buffer.concat(pieces, bytes));
    else this.socket.writeTogether(pieces);
  }

  /** Closes, after the server when it has answered QUIT. */
  end(context: ConnectionContext): void {
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
