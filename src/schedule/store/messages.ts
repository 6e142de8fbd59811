// The messages in the schedule, 24 bytes each. The queue id lies in three numbers of the row: a string and a map entry
// would cost more than all the rest of a message.

import { Int32Column, TimeColumn, Uint16Column } from './columns.ts';
import { Slots } from './slots.ts';

export const MessageState = { free: 0, building: 1, queued: 2, done: 3 } as const;

const stateBits = 7;
const held = 8;
const nullSender = 16;
/** The id is in a map: it is too long, or has characters that queue ids do not have. */
const elsewhere = 32;
/** The priority plus 9 lies above these bits. */
const priorityShift = 6;

/** RFC 6710 5: from -9 to 9. */
export const highestPriority = 9;
export const priorities = 19;

/** Characters that take 6 bits each; every queue id of the spool is made of them. */
const characters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_';
const valueOf = new Int8Array(128).fill(-1);
for (let value = 0; value < characters.length; value++) valueOf[characters.charCodeAt(value)] = value;
const longestInline = 15;

export class MessageStore {
  readonly receivedAtMs = new TimeColumn();
  /** First task of the message; -1: none. */
  readonly firstTask = new Int32Column();
  readonly #flags = new Uint16Column();
  readonly #word0 = new Int32Column();
  readonly #word1 = new Int32Column();
  /** Mixed with the other two words, so that `find` can search this column alone. */
  readonly #word2 = new Int32Column();
  readonly #longIds = new Map<number, string>();
  readonly #slots = new Slots(this.firstTask, [
    this.receivedAtMs,
    this.#flags,
    this.#word0,
    this.#word1,
    this.#word2,
  ]);
  /** Scratch: the words of the current id. */
  readonly #words = new Int32Array(3);

  get live(): number {
    return this.#slots.live;
  }

  /** All handles ever used are below this. */
  get end(): number {
    return this.#slots.end;
  }

  open(
    queueId: string,
    receivedAtMs: number,
    fromNullSender: boolean,
    onHold: boolean,
    priority: number,
  ): number {
    const message = this.#slots.take();
    this.firstTask.set(message, -1);
    this.receivedAtMs.set(message, receivedAtMs);
    let flags: number = MessageState.building | ((priority + highestPriority) << priorityShift);
    if (fromNullSender) flags |= nullSender;
    if (onHold) flags |= held;
    if (!this.#encode(queueId)) {
      flags |= elsewhere;
      this.#longIds.set(message, queueId);
    }
    this.#flags.set(message, flags);
    this.#word0.set(message, this.#words[0] as number);
    this.#word1.set(message, this.#words[1] as number);
    this.#word2.set(message, this.#words[2] as number);
    return message;
  }

  free(message: number): void {
    if ((this.#flags.get(message) & elsewhere) !== 0) this.#longIds.delete(message);
    this.#flags.set(message, MessageState.free);
    this.#slots.give(message);
  }

  /** Is this the handle of a message that was opened and not freed? */
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

  /** Steps below the highest priority: 0 goes first. */
  rankOf(message: number): number {
    return priorities - 1 - (this.#flags.get(message) >>> priorityShift);
  }

  hasNullSender(message: number): boolean {
    return (this.#flags.get(message) & nullSender) !== 0;
  }

  queueIdOf(message: number): string {
    if ((this.#flags.get(message) & elsewhere) !== 0) return this.#longIds.get(message) ?? '';
    const word0 = this.#word0.get(message);
    const word1 = this.#word1.get(message);
    const word2 = this.#word2.get(message) ^ mix(word0, word1);
    const length = (word0 >>> 30) | ((word1 >>> 30) << 2);
    // One call for all: a string put together from pieces would be copied again when it is used.
    const text = String.fromCharCode(
      codeOf(word0),
      codeOf(word0 >>> 6),
      codeOf(word0 >>> 12),
      codeOf(word0 >>> 18),
      codeOf(word0 >>> 24),
      codeOf(word1),
      codeOf(word1 >>> 6),
      codeOf(word1 >>> 12),
      codeOf(word1 >>> 18),
      codeOf(word1 >>> 24),
      codeOf(word2),
      codeOf(word2 >>> 6),
      codeOf(word2 >>> 12),
      codeOf(word2 >>> 18),
      codeOf(word2 >>> 24),
    );
    return length === longestInline ? text : text.slice(0, length);
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
    let message = this.#word2.indexOf(word2, 0);
    while (message >= 0 && message < this.#slots.end) {
      const isQueuedInline = (this.#flags.get(message) & (stateBits | elsewhere)) === MessageState.queued;
      if (isQueuedInline && this.#word0.get(message) === word0 && this.#word1.get(message) === word1) {
        return message;
      }
      message = this.#word2.indexOf(word2, message + 1);
    }
    return -1;
  }

  /** Fills `#words`; false when the id does not fit. */
  #encode(queueId: string): boolean {
    const words = this.#words;
    const { length } = queueId;
    if (length > longestInline) return false;
    let at = 0;
    for (let word = 0; word < 3; word++) {
      let bits = 0;
      for (let shift = 0; shift < 30 && at < length; shift += 6) {
        const code = queueId.charCodeAt(at);
        const value = code < 128 ? (valueOf[code] as number) : -1;
        if (value < 0) return false;
        bits |= value << shift;
        at++;
      }
      words[word] = bits;
    }
    // The length lies in the two bits that each word has to spare.
    words[0] = (words[0] as number) | ((length & 3) << 30);
    words[1] = (words[1] as number) | ((length >> 2) << 30);
    words[2] = (words[2] as number) ^ mix(words[0], words[1]);
    return true;
  }
}

/** Character code of the lowest 6 bits. */
function codeOf(bits: number): number {
  return characters.charCodeAt(bits & 63);
}

function mix(word0: number, word1: number): number {
  const sum = (Math.imul(word0, 0x9e3779b1) + Math.imul(word1, 0x85ebca6b)) | 0;
  const mixed = Math.imul(sum, 0x27d4eb2f);
  return mixed ^ (mixed >>> 15);
}
