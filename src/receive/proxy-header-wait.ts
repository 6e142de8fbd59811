// Waits for the PROXY header with which a load balancer begins a connection, for a limited time. What follows the header stays in the
// socket, unread; where TLS is implicit, that is the beginning of the handshake.

import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Deadline, Deadlines } from '../io/deadlines.ts';
import { readProxyHeader } from '../protocol/proxy/proxy-header.ts';
import type { ProxySource } from '../protocol/proxy/types.ts';

/**
 * The time for the whole header, which nothing restarts. A balancer sends it at once, and HAProxy's specification (section 2) asks for
 * at least 3 seconds, so that one packet may be lost.
 */
export const proxyHeaderTimeoutMs = 5_000;

export interface ProxyHeaderEvents {
  /** The header is read. The socket has no listeners, and is paused. */
  came(source: ProxySource): void;
  /** There is no header, and the socket is destroyed. @param reason - empty when the balancer closed without a byte, to see whether we live */
  failed(reason: string): void;
}

export class ProxyHeaderWait implements Deadline {
  atMs = Infinity;
  bucket = -1;

  readonly #socket: Socket;
  readonly #deadlines: Deadlines;
  readonly #events: ProxyHeaderEvents;
  #bytes: Buffer = Buffer.alloc(0);
  #isOver = false;

  /** @param socket - nothing was read from it, and nothing listens to it */
  constructor(socket: Socket, deadlines: Deadlines, events: ProxyHeaderEvents) {
    this.#socket = socket;
    this.#deadlines = deadlines;
    this.#events = events;
    deadlines.set(this, proxyHeaderTimeoutMs);
    socket.on('data', this.#received);
    socket.on('end', this.#ended);
    socket.on('error', this.#broken);
    socket.on('close', this.#ended);
  }

  expired(): void {
    const what = this.#bytes.length === 0 ? 'no byte of it came within' : 'not complete after';
    this.#fail(`${what} ${proxyHeaderTimeoutMs / 1000} s`);
  }

  /** Gives up, without a word: Sluice is stopping. */
  abandon(): void {
    this.#fail('');
  }

  readonly #received = (chunk: Buffer): void => {
    const before = this.#bytes.length;
    this.#bytes = before === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const verdict = readProxyHeader(this.#bytes);
    if (verdict.kind === 'more') return;
    if (verdict.kind === 'invalid') {
      this.#fail(verdict.reason);
      return;
    }
    this.#stop();
    this.#socket.pause();
    // A header that was complete before this chunk would have ended the wait then: the rest is in this chunk.
    const rest = chunk.subarray(verdict.octets - before);
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#events.came(verdict.source);
  };

  readonly #ended = (): void => {
    this.#fail(this.#bytes.length === 0 ? '' : 'the connection was closed in the middle of it');
  };

  readonly #broken = (error: Error): void => {
    this.#fail(this.#bytes.length === 0 ? '' : error.message);
  };

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.#stop();
    // An error may still come from a socket that is being destroyed.
    this.#socket.on('error', () => undefined);
    this.#socket.destroy();
    this.#events.failed(reason);
  }

  #stop(): void {
    this.#isOver = true;
    this.#deadlines.clear(this);
    this.#socket.off('data', this.#received);
    this.#socket.off('end', this.#ended);
    this.#socket.off('error', this.#broken);
    this.#socket.off('close', this.#ended);
  }
}
