// The socket of one client: it reads no faster than its owner takes the bytes and the client reads our replies, and it closes in an
// orderly way. Its owner never uses the stream itself, so that adding TLS changes this file only.

import type { Socket } from 'node:net';

/**
 * Of the stream's buffer, for sockets that a listener accepts. With a larger one, a socket that is paused would still be read until its
 * buffer is full. A socket that flows buffers nothing, so that this costs nothing.
 */
export const clientHighWaterMark = 1;

/** When more output than this waits for a client to read it, we stop reading its commands. */
const maxUnreadOutputBytes = 64 * 1024;

export interface ClientSocketEvents {
  received(chunk: Buffer): void;
  /** Gives back the last byte that was received and not used, while input is on hold; undefined when all were used. */
  takeBack(): Uint8Array | undefined;
  /** The client sends no more; it may still read. */
  halfClosed(): void;
  /** The last event, exactly once. */
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
      events.received(chunk);
      if (this.#isHeld) this.#stopReading(events.takeBack());
    });
    socket.on('end', () => {
      this.#isHalfClosed = true;
      events.halfClosed();
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => events.gone());
    socket.on('drain', () => this.readOn());
  }

  /** Has the client closed its side? */
  get isHalfClosed(): boolean {
    return this.#isHalfClosed;
  }

  /** Is input on hold? See `hold`. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Puts input on hold, e.g. while the disk works. Reading stops when there are bytes that have to wait: one chunk of the system. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Ends the hold. The owner takes the bytes that came meanwhile, and then calls `readOn`. */
  release(): void {
    this.#isHeld = false;
  }

  /** Continues reading, unless input is on hold or too much output waits. */
  readOn(): void {
    if (!this.#isPaused || this.#isHeld || this.#socket.writableLength > maxUnreadOutputBytes) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** @returns false when the connection is closed, and nothing was written */
  write(output: Uint8Array): boolean {
    if (this.#socket.destroyed) return false;
    this.#socket.write(output);
    if (this.#socket.writableLength > maxUnreadOutputBytes) this.#pause();
    return true;
  }

  /** Closes our side when all output is written. The client still has to close its side. */
  end(): void {
    this.#socket.end();
  }

  /** Writes a last reply, and closes as soon as it is written, without waiting for the client. */
  endWith(reply: string): void {
    this.#socket.end(reply);
    this.#socket.destroySoon();
  }

  /** Writes output that is all a client waits for, and closes as soon as it is written. */
  closeAfter(output: Uint8Array | undefined): void {
    if (output === undefined) this.#socket.destroy();
    // A microtask later, since a stream that is destroyed inside its write callback creates an error that nobody needs.
    else this.#socket.write(output, () => queueMicrotask(() => this.#socket.destroy()));
  }

  /** Closes at once. Output that is not written is lost. */
  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * Stops reading when bytes wait already. A stream that is paused still takes one more chunk, unless bytes are in its buffer when
   * its data was handled: so it gets the last byte back. Then what a session holds is one chunk, of 64 KiB at most, not two.
   *
   * @param last - undefined when no bytes wait: then nothing is done, since most clients send nothing more before our reply
   */
  #stopReading(last: Uint8Array | undefined): void {
    if (last === undefined || this.#isPaused) return;
    this.#pause();
    this.#socket.unshift(last);
  }

  #pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }
}
