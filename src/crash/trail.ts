// The trail of a process: what it is doing, written to a small file that the supervisor has open, too. It has to be outside of the memory
// of the process, because nothing in there can be read after a segmentation fault. The file has no name and is in memory (tmpfs) where
// there is such a thing, so that no disk can hold up a process, and nothing is left behind.
//
// A ring of slots of fixed size; a slot that was torn is left out. What begins together is one write, before it begins. What ends is written
// with what begins next, or when the supervisor asks for a sign of life, once a second: an ending that is not written yet makes a message
// look in hand that is not any more. To write it at the end of its turn was tried, by setImmediate: each message then cost a round of the event
// loop more, 16 microseconds in a receiver and in a sender, a tenth of all.

import { writeSync } from 'node:fs';

export const slotBytes = 256;
export const slotCount = 256;
export const trailBytes = slotBytes * slotCount;
/** Bytes of a slot before its text: number, date, what happened, length of the text, scope. */
export const headBytes = 8 + 8 + 1 + 1 + 8;
const mostTextBytes = slotBytes - headBytes;

export const began = 1;
export const ended = 2;

/** The file descriptor with which the supervisor starts the process of a role. */
export const trailDescriptor = 4;

export class Trail {
  readonly #fd: number | undefined;
  readonly #ring = Buffer.alloc(trailBytes);
  #count = 0;
  /** Slots from this one on are not in the file. */
  #written = 0;

  /** @param fd - of the file; undefined: nobody reads it, so nothing is written */
  constructor(fd: number | undefined) {
    this.#fd = fd;
  }

  /**
   * Notes what begins now. Call `flush` before it does.
   * @param step - one word
   * @param subject - its first word tells it apart from others of the same step and scope
   * @param scope - a number for `endAll`, such as that of a connection
   */
  begin(step: string, subject: string, scope = 0): void {
    if (this.#fd !== undefined) this.#note(began, step, subject, scope);
  }

  /** Notes that it has ended. It is written with what begins next, or at the next beat. */
  end(step: string, subject: string, scope = 0): void {
    if (this.#fd !== undefined) this.#note(ended, step, subject, scope);
  }

  /** Notes that all of a scope has ended. */
  endAll(scope: number): void {
    if (this.#fd !== undefined) this.#note(ended, '', '', scope);
  }

  /** Writes what was noted. */
  flush(): void {
    if (this.#fd === undefined || this.#written === this.#count) return;
    const from = Math.max(this.#written, this.#count - slotCount) % slotCount;
    const to = this.#count % slotCount;
    this.#written = this.#count;
    if (from < to) this.#write(from, to);
    else {
      this.#write(from, slotCount);
      this.#write(0, to);
    }
  }

  #note(what: number, step: string, subject: string, scope: number): void {
    const at = (this.#count % slotCount) * slotBytes;
    const ring = this.#ring;
    ring.writeDoubleLE(++this.#count, at);
    ring.writeDoubleLE(Date.now(), at + 8);
    ring[at + 16] = what;
    ring.writeDoubleLE(scope, at + 18);
    // utf8Write cuts at a whole character.
    ring[at + 17] = ring.write(`${step} ${subject}`, at + headBytes, mostTextBytes, 'utf8');
  }

  #write(from: number, to: number): void {
    if (this.#fd === undefined || from === to) return;
    try {
      writeSync(this.#fd, this.#ring, from * slotBytes, (to - from) * slotBytes, from * slotBytes);
    } catch {
      // The memory for files is full. The trail has gaps then, and mail goes on.
    }
  }
}

/** For code that runs without a supervisor. */
export const noTrail = new Trail(undefined);
