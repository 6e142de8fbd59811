// Completes mail of our own devices (RFC 6409 8): adds the Date and the Message-ID that are missing, once. At the end of the
// header while all of it is in memory, otherwise on top, since the header is on the disk by then.

import type { TraceFields } from '../message/trace-fields.ts';
import { MissingFields } from '../message/missing-fields.ts';
import { insertBytes } from './insert-bytes.ts';

export class MailCompletion {
  readonly #missing = new MissingFields();
  readonly #trace: TraceFields;
  readonly #startedAtMs: number;
  #isDone = false;

  /** @param trace - looks at the same header */
  constructor(trace: TraceFields, startedAtMs: number) {
    this.#trace = trace;
    this.#startedAtMs = startedAtMs;
  }

  push(bytes: Uint8Array): void {
    if (!this.#missing.none) this.#missing.push(bytes);
  }

  /** The fields that are missing and have not been added yet. */
  lines(hostname: string): Uint8Array | undefined {
    const { hops, headerBytes } = this.#trace;
    // RFC 5321 6.4: a relay completes nothing, and a message with a trace field was handed in somewhere else. A header that does
    // not end is malformed: nothing is known of its fields.
    if (this.#isDone || this.#missing.none || hops > 0 || headerBytes < 0) return undefined;
    return Buffer.from(this.#missing.lines(hostname, this.#startedAtMs), 'latin1');
  }

  /** The pieces, which begin the content, with missing fields at the end of the header, if all of it is in them. */
  insertInto(pieces: Uint8Array[], hostname: string): Uint8Array[] {
    const lines = this.lines(hostname);
    if (lines === undefined) return pieces;
    this.#isDone = true;
    return insertBytes(pieces, this.#trace.headerBytes, lines);
  }
}
