// The messages in the schedule. The queue id lies in four numbers of the row: a string and a map entry would cost more
// than all the rest of a message.

import { Float64Column, Int32Column, Uint8Column } from './columns.ts';
import { Slots } from './slots.ts';

export const MessageState = { free: 0, building: 1, queued: 2, done: 3 } as const;

const held = 8;
const nullSender = 16;
const stateBits = 7;
/** In the length byte: the id is too long or not Latin-1 and lies in a map. */
const elsewhere = 0xff;
const inlineLength = 15;

export class MessageStore {
  readonly receivedAtMs = new Float64Column();
  /** First task of the message; -1: none. */
  readonly firstTask = new Int32Column();
  readonly #flags = new Uint8Column();
  readonly #word0 = new Int32Column();
  readonly #word1 = new Int32Column();
  readonly #word2 = new Int32Column();
  /** Mixed with the other three, so that `find` can search this column alone. */
  readonly #word3 = new Int32Column();
  readonly #longIds = new Map<number, string>();
  readonly #slots = new Slots(this.firstTask, [
    this.receivedAtMs,
    this.#flags,
    this.#word0,
    this.#word1,
    this.#word2,
    this.#word3,
  ]);
  readonly #words = new Int32Array(4);
  readonly #bytes = new Uint8Array(this.#words.buffer);

  get live(): number {
    return this.#slots.live;
  }

  open(queueId: string, receivedAtMs: number, fromNullSender: boolean, onHold: boolean): number {
    const message = this.#slots.take();
    this.firstTask.set(message, -1);
    this.receivedAtMs.set(message, receivedAtMs);
    this.#flags.set(message, MessageState.building | (fromNullSender ? nullSender : 0) | (onHold ? held : 0));
    if (!this.#encode(queueId)) this.#longIds.set(message, queueId);
    this.#word0.set(message, this.#words[0] as number);
    this.#word1.set(message, this.#words[1] as number);
    this.#word2.set(message, this.#words[2] as number);
    this.#word3.set(message, this.#words[3] as number);
    return message;
  }

  free(message: number): void {
    if ((this.#word0.get(message) & 0xff) === elsewhere) this.#longIds.delete(message);
    this.#flags.set(message, MessageState.free);
    this.#slots.give(message);
  }

  /** Is this a message that was opened and not freed? */
  known(message: number): boolean {
    return message >= 0 && message < this.#slots.end && this.state(message) !== MessageState.free;
  }

  state(message: number): number {
    return this.#flags.get(message) & stateBits;
  }

  setState(message: number, state: number): void {
    this.#flags.set(message, (this.#flags.get(message) & ~stateBits) | state);
  }

  isHeld(message: number): boolean {
    return (this.#flags.get(message) & held) !== 0;
  }

  setHeld(message: number, onHold: boolean): void {
    const flags = this.#flags.get(message);
    this.#flags.set(message, onHold ? flags | held : flags & ~held);
  }

  hasNullSender(message: number): boolean {
    return (this.#flags.get(message) & nullSender) !== 0;
  }

  queueIdOf(message: number): string {
    const words = this.#words;
    words[0] = this.#word0.get(message);
    words[1] = this.#word1.get(message);
    words[2] = this.#word2.get(message);
    words[3] = this.#word3.get(message) ^ this.#mix();
    const length = this.#bytes[0] as number;
    if (length === elsewhere) return this.#longIds.get(message) ?? '';
    return String.fromCharCode(...this.#bytes.subarray(1, 1 + length));
  }

  /**
   * The message that is queued under this id. Searches one column of numbers, under a millisecond for a million
   * messages: an index would cost 8 bytes a message and time for each one, for a question that only operators ask.
   */
  find(queueId: string): number {
    if (!this.#encode(queueId)) {
      for (const [message, id] of this.#longIds) {
        if (id === queueId && this.state(message) === MessageState.queued) return message;
      }
      return -1;
    }
    const word0 = this.#words[0] as number;
    const word1 = this.#words[1] as number;
    const word2 = this.#words[2] as number;
    const word3 = this.#words[3] as number;
    let message = this.#word3.indexOf(word3, 0);
    while (message >= 0 && message < this.#slots.end) {
      if (
        this.#word0.get(message) === word0 &&
        this.#word1.get(message) === word1 &&
        this.#word2.get(message) === word2 &&
        this.state(message) === MessageState.queued
      ) {
        return message;
      }
      message = this.#word3.indexOf(word3, message + 1);
    }
    return -1;
  }

  /** Fills `#words`; false when the id does not fit. */
  #encode(queueId: string): boolean {
    const bytes = this.#bytes;
    this.#words.fill(0);
    let fits = queueId.length <= inlineLength;
    for (let at = 0; fits && at < queueId.length; at += 1) {
      const code = queueId.charCodeAt(at);
      if (code > 0xff) fits = false;
      else bytes[at + 1] = code;
    }
    bytes[0] = fits ? queueId.length : elsewhere;
    this.#words[3] = (this.#words[3] as number) ^ this.#mix();
    return fits;
  }

  #mix(): number {
    const words = this.#words;
    const sum = Math.imul(words[0] as number, 0x9e3779b1) + Math.imul(words[1] as number, 0x85ebca6b);
    const mixed = Math.imul((sum + Math.imul(words[2] as number, 0xc2b2ae35)) | 0, 0x27d4eb2f);
    return mixed ^ (mixed >>> 15);
  }
}
