// Gathers the content of one message and stores it in the spool: a small one in one record, a large one through a file of its own.
// Adds the Received line, completes mail of our own devices (RFC 6409 8), and refuses mail that loops.

import type { Envelope } from '../message/envelope.ts';
import { FieldValue } from '../message/field-value.ts';
import { HopCounter } from '../message/hop-counter.ts';
import { MissingFields } from '../message/missing-fields.ts';
import { priorityOfField } from '../message/priority-field.ts';
import { receivedLine } from '../message/received-line.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { Appended, LargeContent } from '../spool/types.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import { ContentPieces } from './content-pieces.ts';
import { insertBytes } from './insert-bytes.ts';
import type { ReceiveContext } from './receive-context.ts';
import { refusalAfterContent } from './store-refusals.ts';

/** When memory is scarce, content beyond this goes to disk while it arrives. */
const scarceSpillBytes = 64 * 1024;

/** Content is written to the file of a large message in pieces of at least this size. */
const largeWriteBytes = 64 * 1024;

export type IntakeAnswer =
  | { readonly kind: 'accepted'; readonly queueId: string }
  | { readonly kind: 'refused'; readonly reply: Reply };

const loop: Reply = { code: 554, enhanced: '5.4.6', text: 'Too many hops: this message loops' };

export class MessageIntake {
  readonly #transaction: AcceptedTransaction;
  readonly #context: ReceiveContext;
  readonly #startedAtMs = Date.now();
  /** On the monotonic clock, for the duration in the log. */
  readonly #startedAtMonotonicMs = performance.now();
  readonly #hops = new HopCounter();
  readonly #pieces = new ContentPieces();
  /** Undefined when no header field may set the priority. */
  readonly #priorityField: FieldValue | undefined;
  /** Undefined when no missing fields are added. */
  readonly #missing: MissingFields | undefined;
  #queueId = '';
  #large: LargeContent | undefined;
  #failure: unknown;
  #aborted = false;

  constructor(context: ReceiveContext, transaction: AcceptedTransaction) {
    this.#context = context;
    this.#transaction = transaction;
    this.#missing = transaction.origin.completed ? new MissingFields() : undefined;
    const { priorityHeader } = context.settings;
    // RFC 6710 4.1, RFC 6758 4: the field counts only when the client might have given the parameter, and did not.
    if (priorityHeader !== '' && transaction.origin.trusted && transaction.params.priority === undefined) {
      this.#priorityField = new FieldValue(priorityHeader);
    }
  }

  /**
   * Takes a piece of content.
   * @returns a promise when no more pieces may come until it resolves; it never rejects, since `finish` reports failures
   */
  add(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined) return undefined;
    if (!this.#hops.complete) {
      this.#hops.push(bytes);
      this.#priorityField?.push(bytes);
      if (this.#missing?.none === false) this.#missing.push(bytes);
    }
    this.#pieces.push(bytes);
    const { memory, settings } = this.#context;
    memory.take(bytes.length);
    if (this.#large !== undefined) {
      return this.#pieces.bytes < largeWriteBytes ? undefined : this.#write(this.#large);
    }
    const spillBytes = memory.scarce ? scarceSpillBytes : settings.largeMessageBytes;
    return this.#pieces.bytes <= spillBytes ? undefined : this.#spill();
  }

  /** Ends the content. Calls back once, when the message is on stable storage or refused. */
  finish(answer: (answer: IntakeAnswer) => void): void {
    if (this.#failure !== undefined) {
      this.#refuse(answer, this.#failure);
      return;
    }
    if (this.#hops.count >= this.#context.settings.maxReceived) {
      this.abort();
      answer({ kind: 'refused', reply: loop });
      return;
    }
    const stored = this.#large === undefined ? this.#append() : this.#commit(this.#large);
    stored.then(
      (appended) => this.#stored(appended, answer),
      (error: unknown) => this.#refuse(answer, error),
    );
  }

  /** Ends the transaction without a message, and removes what was written. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#takeContent();
    void this.#large?.abort();
  }

  #append(): Promise<Appended> {
    this.#queueId = this.#context.spool.newQueueId();
    const heldBytes = this.#pieces.bytes;
    const stored = this.#context.spool.append({
      envelope: this.#envelope(),
      content: [this.#receivedLine(), ...this.#withMissingFields(this.#pieces.take())],
    });
    return stored.finally(() => this.#context.memory.give(heldBytes));
  }

  #stored(appended: Appended, answer: (answer: IntakeAnswer) => void): void {
    const { intake, log, storeWatch } = this.#context;
    storeWatch.stored();
    const transaction = this.#transaction;
    const priority = this.#priority();
    intake.submitted({
      queueId: this.#queueId,
      ref: appended.ref,
      receivedAtMs: this.#startedAtMs,
      sizeBytes: appended.sizeBytes,
      reversePath: transaction.reversePath,
      recipients: transaction.recipients.map((recipient) => recipient.address),
      tenant: transaction.tenant === '' ? undefined : transaction.tenant,
      priority,
    });
    log.received(this.#queueId, transaction, priority, appended.sizeBytes, this.#startedAtMonotonicMs);
    const accepted = { kind: 'accepted', queueId: this.#queueId } as const;
    if (intake.congested) intake.whenDrained(() => answer(accepted));
    else answer(accepted);
  }

  #refuse(answer: (answer: IntakeAnswer) => void, error: unknown): void {
    this.abort();
    this.#context.storeWatch.failed(this.#queueId, error);
    answer({ kind: 'refused', reply: refusalAfterContent(error) });
  }

  async #spill(): Promise<void> {
    this.#queueId = this.#context.spool.newQueueId();
    try {
      const large = await this.#context.spool.openLarge(this.#queueId);
      if (this.#aborted) {
        await large.abort();
        return;
      }
      this.#large = large;
      await large.write(this.#receivedLine());
      await large.write(Buffer.concat(this.#withMissingFields(this.#takeContent())));
    } catch (error) {
      this.#failure = error;
    }
  }

  async #write(large: LargeContent): Promise<void> {
    try {
      await large.write(Buffer.concat(this.#takeContent()));
    } catch (error) {
      this.#failure = error;
    }
  }

  async #commit(large: LargeContent): Promise<Appended> {
    await large.write(Buffer.concat(this.#takeContent()));
    return large.commit(this.#envelope());
  }

  /** Takes the pieces that were gathered. They no longer count as held in memory. */
  #takeContent(): Uint8Array[] {
    this.#context.memory.give(this.#pieces.bytes);
    return this.#pieces.take();
  }

  /** The pieces, which begin the content, with missing header fields inserted at the end of the header. */
  #withMissingFields(pieces: Uint8Array[]): Uint8Array[] {
    const missing = this.#missing;
    const { count, headerBytes } = this.#hops;
    // RFC 5321 6.4: a relay completes nothing, and a message with a trace field was handed in somewhere else. A header whose end
    // is not in these pieces is not changed either: it is malformed, or larger than the content that is held in memory.
    if (missing === undefined || missing.none || count > 0 || headerBytes < 0) return pieces;
    const lines = missing.lines(this.#context.settings.hostname, this.#startedAtMs);
    return insertBytes(pieces, headerBytes, Buffer.from(lines, 'latin1'));
  }

  #receivedLine(): Uint8Array {
    const { origin, recipients, params } = this.#transaction;
    const { client, helo, extended } = origin;
    return receivedLine({
      helo,
      clientAddress: client,
      by: this.#context.settings.hostname,
      protocol: client === '' ? 'local' : params.smtpUtf8 ? 'UTF8SMTP' : extended ? 'ESMTP' : 'SMTP',
      queueId: this.#queueId,
      recipient: recipients.length === 1 ? recipients[0]?.address : undefined,
      priority: this.#priority(),
      nowMs: this.#startedAtMs,
    });
  }

  /** The priority as known so far; final when the header is complete. */
  #priority(): number | undefined {
    const field = this.#priorityField;
    // RFC 6758 4: when there are several fields, none of them counts.
    const fromField = field?.count === 1 ? priorityOfField(field.value) : undefined;
    return fromField ?? this.#transaction.priority;
  }

  #envelope(): Envelope {
    const { origin, reversePath, recipients, params, tenant } = this.#transaction;
    const { client, helo } = origin;
    return {
      queueId: this.#queueId,
      receivedAtMs: this.#startedAtMs,
      reversePath,
      recipients,
      body: params.body,
      smtpUtf8: params.smtpUtf8,
      ret: params.ret,
      envelopeId: params.envelopeId,
      tenant: tenant === '' ? undefined : tenant,
      priority: this.#priority(),
      origin: { via: client === '' ? 'sendmail' : 'smtp', clientAddress: client, helo },
    };
  }
}
