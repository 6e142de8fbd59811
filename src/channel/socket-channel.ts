// A channel over a Unix-domain stream socket: frames of a 4-byte big-endian length and JSON, one write a turn.
// Each frame says how many messages the sender has taken so far, which gives the peer its window back.

import type { Socket } from 'node:net';
import { type Channel, channelWindow } from './channel.ts';
import { ChannelError } from './channel-error.ts';

/** A frame longer than this is a broken peer, not a message. */
const maxFrameBytes = 256 * 1024 * 1024;

interface Frame<M> {
  readonly taken: number;
  readonly batch: readonly M[];
}

export class SocketChannel<Out, In> implements Channel<Out, In> {
  readonly #socket: Socket;
  #queue: Out[] = [];
  #scheduled = false;
  #posted = 0;
  #takenByPeer = 0;
  #taken = 0;
  #takenTold = 0;
  #take: ((batch: readonly In[]) => void) | undefined;
  #closed: (() => void)[] = [];
  #drained: (() => void)[] = [];
  #onTaken: ((count: number) => void) | undefined;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #wantBytes = 0;
  #open = true;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined); // 'close' follows and says what matters
    socket.on('close', () => this.#lost());
  }

  get congested(): boolean {
    return this.#posted - this.#takenByPeer > channelWindow;
  }

  post(message: Out): void {
    this.#queue.push(message);
    this.#posted++;
    this.#schedule();
  }

  receive(take: (batch: readonly In[]) => void): void {
    const first = this.#take === undefined;
    this.#take = take;
    if (first) this.#socket.on('data', (bytes: Buffer) => this.#bytes(bytes));
  }

  whenDrained(callback: () => void): void {
    if (this.congested && this.#open) this.#drained.push(callback);
    else callback();
  }

  onClosed(callback: () => void): void {
    if (this.#open) this.#closed.push(callback);
    else callback();
  }

  /** Calls back with how many more messages the peer has taken. */
  onTaken(callback: (count: number) => void): void {
    this.#onTaken = callback;
  }

  close(): void {
    this.#flush();
    this.#socket.end();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.#open || (this.#queue.length === 0 && this.#taken === this.#takenTold)) return;
    const frame: Frame<Out> = { taken: this.#taken, batch: this.#queue };
    this.#queue = [];
    this.#takenTold = this.#taken;
    const text = JSON.stringify(frame);
    const length = Buffer.byteLength(text);
    const bytes = Buffer.allocUnsafe(length + 4);
    bytes.writeUInt32BE(length, 0);
    bytes.write(text, 4, 'utf8');
    this.#socket.write(bytes);
  }

  #bytes(bytes: Buffer): void {
    let from = bytes;
    if (this.#restBytes > 0) {
      this.#rest.push(bytes);
      this.#restBytes += bytes.length;
      if (this.#restBytes < this.#wantBytes) return;
      from = Buffer.concat(this.#rest, this.#restBytes);
      this.#rest = [];
      this.#restBytes = 0;
    }
    let at = 0;
    while (from.length - at >= 4) {
      const length = from.readUInt32BE(at);
      if (length > maxFrameBytes) throw new ChannelError(`a frame of ${length} bytes arrived`);
      if (from.length - at - 4 < length) {
        this.#wantBytes = length + 4;
        break;
      }
      const frame = JSON.parse(from.toString('utf8', at + 4, at + 4 + length)) as Frame<In>;
      at += 4 + length;
      this.#frame(frame);
    }
    if (at < from.length) {
      if (from.length - at < 4) this.#wantBytes = 4;
      this.#rest = [from.subarray(at)];
      this.#restBytes = from.length - at;
    }
  }

  #frame(frame: Frame<In>): void {
    if (frame.taken > this.#takenByPeer) this.#onTaken?.(frame.taken - this.#takenByPeer);
    this.#takenByPeer = frame.taken;
    if (this.#drained.length > 0 && !this.congested) {
      const drained = this.#drained;
      this.#drained = [];
      for (const callback of drained) callback();
    }
    if (frame.batch.length === 0) return;
    this.#take?.(frame.batch);
    this.#taken += frame.batch.length;
    // Tell the peer early enough that its window never closes while we keep up.
    if (this.#taken - this.#takenTold > channelWindow / 4) this.#schedule();
  }

  #lost(): void {
    if (!this.#open) return;
    this.#open = false;
    const waiting = [...this.#drained, ...this.#closed];
    this.#drained = [];
    this.#closed = [];
    for (const callback of waiting) callback();
  }
}
