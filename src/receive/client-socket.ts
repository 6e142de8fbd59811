// The socket of one client: reads no faster than is taken and answered, and says its end in order. Whoever owns it never
// touches the stream below, so that TLS in its place changes this file alone.

import type { Socket } from 'node:net';

/** Replies that a client does not read: beyond this we stop reading its commands. */
const maxUnreadOutputBytes = 64 * 1024;

export interface ClientSocketEvents {
  received(chunk: Buffer): void;
  /** The client sends no more; it may still read. */
  halfClosed(): void;
  /** Comes once, as the last. */
  gone(): void;
}

export class ClientSocket {
  readonly #socket: Socket;
  #isHeld = false;
  #isPaused = false;
  #isHalfClosed = false;

  constructor(socket: Socket, events: ClientSocketEvents) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      const wasHeld = this.#isHeld;
      events.received(chunk);
      if (wasHeld) this.#pause();
    });
    socket.on('end', () => {
      this.#isHalfClosed = true;
      events.halfClosed();
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => events.gone());
    socket.on('drain', () => this.readOn());
  }

  /** The client sends no more. */
  get isHalfClosed(): boolean {
    return this.#isHalfClosed;
  }

  /** Nothing can be taken just now, see `hold`. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Nothing can be taken from now on, as while the disk is waited for: reading stops when the next bytes come. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Something can be taken again. What came is taken first, and then `readOn` called. */
  release(): void {
    this.#isHeld = false;
  }

  /** Reads on, unless there is a reason not to. */
  readOn(): void {
    if (!this.#isPaused || this.#isHeld || this.#socket.writableLength > maxUnreadOutputBytes) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Whether it is written: not to a client that is gone. */
  write(output: Uint8Array): boolean {
    if (this.#socket.destroyed) return false;
    this.#socket.write(output);
    if (this.#socket.writableLength > maxUnreadOutputBytes) this.#pause();
    return true;
  }

  /** Says our end when all is written; the client has yet to close its side. */
  end(): void {
    this.#socket.end();
  }

  /** The last reply to a client that need not be waited for: closes as soon as it is written. */
  endWith(reply: string): void {
    this.#socket.end(reply);
    this.#socket.destroySoon();
  }

  /** For a client that waits for nothing but this output: the connection is closed as soon as that is written. */
  closeAfter(output: Uint8Array | undefined): void {
    if (output === undefined) this.#socket.destroy();
    // A microtask later: a stream that is destroyed inside its write callback makes an error, with its stack, for nobody.
    else this.#socket.write(output, () => queueMicrotask(() => this.#socket.destroy()));
  }

  /** Closes at once; what is not written never is. */
  destroy(): void {
    this.#socket.destroy();
  }

  #pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }
}
