// The socket of one client: it reads no faster than its owner takes the bytes and the client reads our replies, and it closes in an
// orderly way. TLS is put over it in place. Its owner never uses the stream itself.

import type { Socket } from 'node:net';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';

/**
 * Of the stream's buffer, for sockets that a listener accepts. With a larger one, a socket that is paused would still be read until its
 * buffer is full. A socket that flows buffers nothing, so that this costs nothing.
 */
export const clientHighWaterMark = 1;

/** When more output than this waits for a client to read it, we stop reading its commands. */
const maxUnreadOutputBytes = 64 * 1024;

/**
 * With no more bytes that wait than this, a socket on hold is read on: they are the rest of a group of commands, the decision comes soon, and to
 * stop and begin again costs as much as the commands.
 */
export const fewBytes = 4 * 1024;

export interface ClientSocketEvents {
  received(chunk: Buffer): void;
  /** Gives back the last byte that was received and not used, while input is on hold; undefined when `fewBytes` or less were not used. */
  takeBack(): Uint8Array | undefined;
  /** The client sends no more; it may still read. */
  halfClosed(): void;
  /** All output is written. */
  drained?(): void;
  /** The last event, exactly once. @param problem - what broke the connection; empty when it was closed */
  gone(problem: string): void;
}

export class ClientSocket {
  readonly #events: ClientSocketEvents;
  #socket: Socket;
  #isHeld = false;
  #isPaused = false;
  #isHalfClosed = false;
  #isSecure = false;
  /** Has the owner received anything? */
  #isBegun = false;
  #problem = '';

  constructor(socket: Socket, events: ClientSocketEvents) {
    this.#events = events;
    this.#socket = socket;
    this.#listen(socket);
  }

  /** Has the client closed its side? */
  get isHalfClosed(): boolean {
    return this.#isHalfClosed;
  }

  /** Is input on hold? See `hold`. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Does so much output wait that no more should be made before `drained`? */
  get isFull(): boolean {
    return this.#socket.writableLength > maxUnreadOutputBytes;
  }

  /** Puts input on hold, e.g. while the disk works. Reading stops when more than `fewBytes` have to wait: one chunk of the system, behind these. */
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

  /**
   * Puts TLS over the connection in place, as its server. From now on, what is received was decrypted and what is written is
   * encrypted. A handshake that fails ends the connection.
   *
   * Bytes that came in clear and are not read yet break the handshake, or end the connection: nothing that was said in clear passes as
   * said under TLS (RFC 3207 4.2).
   *
   * @param secured - called when the handshake is through, before anything is received
   */
  upgrade(options: TLSSocketOptions, secured: (socket: TLSSocket) => void): void {
    if (this.#socket.destroyed) return;
    // Before the first command, what came already is the handshake, behind a PROXY header: Node feeds it to TLS, unless it flows here.
    if (!this.#isBegun || this.#socket.readableLength > 0) this.#socket.pause();
    if (this.#isBegun && this.#socket.readableLength > 0) {
      this.#problem = 'something followed STARTTLS in clear';
      this.#socket.destroy();
      return;
    }
    // Node passes highWaterMark on to the stream, though its types do not know it.
    const all = { ...options, isServer: true, highWaterMark: clientHighWaterMark };
    const secure = new TLSSocket(this.#socket, all);
    // Each would cost a handshake that no limit counts (TLS 1.2; RFC 9325 3.5).
    secure.disableRenegotiation();
    this.#socket = secure;
    this.#isSecure = true;
    this.#isPaused = false;
    this.#listen(secure);
    secure.on('secure', () => secured(secure));
    // After the handshake, Node tells a server of broken records and renegotiations by this event alone, and leaves the socket open (tried
    // with 26.10).
    secure.on('_tlsError', (error: Error) => {
      this.#broke(error);
      secure.destroy();
    });
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
    this.#endSoon(reply);
  }

  /** Writes output that is all a client waits for, and closes as soon as it is written. */
  closeAfter(output: Uint8Array | undefined): void {
    if (output === undefined) this.#socket.destroy();
    else if (this.#isSecure) this.#endSoon(output); // RFC 8446 6.1: close_notify goes out before the connection is closed
    // A microtask later, since a stream that is destroyed inside its write callback creates an error that nobody needs.
    else this.#socket.write(output, () => queueMicrotask(() => this.#socket.destroy()));
  }

  /** Closes at once. Output that is not written is lost. */
  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * Stops reading when more than `fewBytes` wait already. A stream that is paused still takes one more chunk, unless bytes are in its buffer when
   * its data was handled: so it gets the last byte back. Then what a session holds is `fewBytes` and one chunk, of 64 KiB at most, not two.
   *
   * While reading is stopped, neither FIN nor RST is seen, since Node watches no socket that it neither reads nor writes (tried with 26.10): a client that
   * has gone is noticed when reading goes on.
   *
   * @param last - undefined when few bytes wait: then nothing is done, since most clients send nothing more before our reply
   */
  #stopReading(last: Uint8Array | undefined): void {
    if (last === undefined || this.#isPaused) return;
    this.#pause();
    this.#socket.unshift(last);
  }

  /** The events of a socket that TLS was put over do not count: they come from the socket above as well. */
  #listen(socket: Socket): void {
    const events = this.#events;
    socket.on('data', (chunk: Buffer) => {
      if (socket !== this.#socket) {
        // In clear behind STARTTLS, see `upgrade`; without that, it is the handshake, which is fed to TLS.
        if (this.#isBegun) this.destroy();
        return;
      }
      this.#isBegun = true;
      events.received(chunk);
      if (this.#isHeld) this.#stopReading(events.takeBack());
    });
    socket.on('end', () => {
      if (socket !== this.#socket) return;
      this.#isHalfClosed = true;
      events.halfClosed();
    });
    socket.on('error', (error: Error) => this.#broke(error)); // 'close' follows
    socket.on('close', () => {
      if (socket === this.#socket) events.gone(this.#problem);
    });
    socket.on('drain', () => {
      this.readOn();
      if (socket === this.#socket) events.drained?.();
    });
  }

  #broke(error: Error & { readonly reason?: string }): void {
    this.#problem = error.reason ?? error.message; // OpenSSL has a short reason
  }

  #endSoon(output: string | Uint8Array): void {
    this.#socket.end(output);
    this.#socket.destroySoon();
  }

  #pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }
}
