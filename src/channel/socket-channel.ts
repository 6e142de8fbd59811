// A channel over a Unix-domain stream socket: frames of a 4-byte big-endian length and JSON, one write a turn.
// Each frame says how many messages its writer has taken so far, which opens the peer's window again. A peer that sends anything
// else loses its connection, and does no other harm.

import type { Socket } from 'node:net';
import { type Channel, channelWindow } from './channel.ts';
import { ChannelError } from './channel-error.ts';

/** Bound of a frame's length: no Sluice process sends a longer one. */
const maxFrameBytes = 256 * 1024 * 1024;

interface Frame<M> {
  readonly taken: number;
  readonly batch: readonly M[];
}

export class SocketChannel<Out, In> implements Channel<Out, In> {
  readonly #socket: Socket;
  #queue: Out[] = [];
  #isFlushScheduled = false;
  #posted = 0;
  #takenByPeer = 0;
  #taken = 0;
  #takenConfirmed = 0;
  #consume: ((batch: readonly In[]) => void) | undefined;
  #closedCallbacks: (() => void)[] = [];
  #drainedCallbacks: (() => void)[] = [];
  #onTaken: ((count: number) => void) | undefined;
  #partialFrame: Buffer[] = [];
  #partialBytes = 0;
  #neededBytes = 0;
  #isOpen = true;
  #onBroken: ((error: ChannelError) => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined); // 'close' follows and says what matters
    socket.on('close', () => this.#markClosed());
  }

  get congested(): boolean {
    return this.#posted - this.#takenByPeer > channelWindow;
  }

  post(message: Out): void {
    this.#queue.push(message);
    this.#posted++;
    this.#scheduleFlush();
  }

  receive(take: (batch: readonly In[]) => void): void {
    const first = this.#consume === undefined;
    this.#consume = take;
    if (first) this.#socket.on('data', (bytes: Buffer) => this.#receiveBytes(bytes));
  }

  whenDrained(callback: () => void): void {
    if (this.congested && this.#isOpen) this.#drainedCallbacks.push(callback);
    else callback();
  }

  onClosed(callback: () => void): void {
    if (this.#isOpen) this.#closedCallbacks.push(callback);
    else callback();
  }

  /** Calls back with the number of messages that the peer has taken since the last call. */
  onTaken(callback: (count: number) => void): void {
    this.#onTaken = callback;
  }

  /** Calls back when the peer has sent something that is no frame; the connection is closed then. */
  onBroken(callback: (error: ChannelError) => void): void {
    this.#onBroken = callback;
  }

  close(): void {
    this.#flush();
    this.#socket.end();
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.#isOpen || (this.#queue.length === 0 && this.#taken === this.#takenConfirmed)) return;
    const frame: Frame<Out> = { taken: this.#taken, batch: this.#queue };
    this.#queue = [];
    this.#takenConfirmed = this.#taken;
    const text = JSON.stringify(frame);
    const length = Buffer.byteLength(text);
    const bytes = Buffer.allocUnsafe(length + 4);
    bytes.writeUInt32BE(length, 0);
    bytes.write(text, 4, 'utf8');
    this.#socket.write(bytes);
  }

  #receiveBytes(bytes: Buffer): void {
    let from = bytes;
    if (this.#partialBytes > 0) {
      this.#partialFrame.push(bytes);
      this.#partialBytes += bytes.length;
      if (this.#partialBytes < this.#neededBytes) return;
      from = Buffer.concat(this.#partialFrame, this.#partialBytes);
      this.#partialFrame = [];
      this.#partialBytes = 0;
    }
    let at = 0;
    while (from.length - at >= 4) {
      const length = from.readUInt32BE(at);
      if (length > maxFrameBytes) {
        this.#break(`a frame of ${length} bytes arrived`);
        return;
      }
      if (from.length - at - 4 < length) {
        this.#neededBytes = length + 4;
        break;
      }
      const frame = frameOf<In>(from.toString('utf8', at + 4, at + 4 + length));
      if (frame === undefined) {
        this.#break(`${length} bytes arrived that are no frame`);
        return;
      }
      at += 4 + length;
      this.#receiveFrame(frame);
      if (this.#socket.destroyed) return;
    }
    if (at < from.length) {
      if (from.length - at < 4) this.#neededBytes = 4;
      this.#partialFrame = [from.subarray(at)];
      this.#partialBytes = from.length - at;
    }
  }

  #receiveFrame(frame: Frame<In>): void {
    if (frame.taken > this.#takenByPeer) this.#onTaken?.(frame.taken - this.#takenByPeer);
    this.#takenByPeer = frame.taken;
    if (this.#drainedCallbacks.length > 0 && !this.congested) {
      const drained = this.#drainedCallbacks;
      this.#drainedCallbacks = [];
      for (const callback of drained) callback();
    }
    if (frame.batch.length === 0) return;
    this.#consume?.(frame.batch);
    this.#taken += frame.batch.length;
    // Confirmed early enough that the peer's window never closes while this end keeps up.
    if (this.#taken - this.#takenConfirmed > channelWindow / 4) this.#scheduleFlush();
  }

  #break(what: string): void {
    this.#socket.destroy();
    this.#onBroken?.(new ChannelError(what));
  }

  #markClosed(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const waiting = [...this.#drainedCallbacks, ...this.#closedCallbacks];
    this.#drainedCallbacks = [];
    this.#closedCallbacks = [];
    for (const callback of waiting) callback();
  }
}

/** Undefined when the text is no frame. */
function frameOf<M>(text: string): Frame<M> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { taken, batch } = value as Partial<Record<keyof Frame<M>, unknown>>;
  if (typeof taken !== 'number' || !Array.isArray(batch)) return undefined;
  return { taken, batch: batch as readonly M[] };
}
