// What is read in the header of a message while its content comes, whether or not stages look at it: trace fields, the priority, and which
// fields its device has left out.

import { FieldValue } from '../message/field-value.ts';
import { priorityOfField } from '../message/priority-field.ts';
import { TraceFields } from '../message/trace-fields.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import { MailCompletion } from './mail-completion.ts';
import type { ReceiveSettings } from './types.ts';

/** Most mail has fewer trace fields: it is not read for the hosts that it has passed. */
const usualHops = 10;

export class ContentHeader {
  readonly trace: TraceFields;
  readonly #hostname: string;
  /** Undefined when no header field may set the priority. */
  readonly #priorityField: FieldValue | undefined;
  /** Undefined when no missing fields are added. */
  readonly #missing: MailCompletion | undefined;

  constructor(
    { origin, params }: AcceptedTransaction,
    { hostname, maxReceived, priorityHeader }: ReceiveSettings,
    startedAtMs: number,
  ) {
    this.trace = new TraceFields(Math.min(usualHops, Math.floor(maxReceived / 2)));
    this.#hostname = hostname;
    this.#missing = origin.completed ? new MailCompletion(this.trace, startedAtMs) : undefined;
    // RFC 6710 4.1, RFC 6758 4: the field counts only when the client might have given the parameter, and did not.
    if (priorityHeader !== '' && origin.trusted && params.priority === undefined)
      this.#priorityField = new FieldValue(priorityHeader);
  }

  /** Takes a piece of content. What follows the header is ignored. */
  push(bytes: Uint8Array): void {
    if (this.trace.complete) return;
    this.trace.push(bytes);
    this.#priorityField?.push(bytes);
    this.#missing?.push(bytes);
  }

  /** The priority that its field gives, as known so far; final when the header is complete. */
  get priority(): number | undefined {
    const field = this.#priorityField;
    // RFC 6758 4: when there are several fields, none of them counts.
    return field?.count === 1 ? priorityOfField(field.value) : undefined;
  }

  /** The header fields that are added on top (RFC 5321 4.4): the Received line, and those that are missing. */
  addedFields(received: Uint8Array): Uint8Array {
    const missing = this.#missing?.lines(this.#hostname);
    return missing === undefined ? received : Buffer.concat([received, missing]);
  }

  /** Completes the pieces, which begin the content. */
  completed(pieces: Uint8Array[]): Uint8Array[] {
    return this.#missing?.insertInto(pieces, this.#hostname) ?? pieces;
  }
}
