// Gathers the content of one message and stores it in the spool: a small one in one record, a large one through a file of its own.
// Adds the Received line, completes mail of our own devices (RFC 6409 8), refuses mail that loops, and has mail signed that goes out.

import type { EditableHeader } from '../message/editable-header.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { OutgoingMail, SignedMail } from '../signing/outgoing-mail.ts';
import { SigningError } from '../signing/signing-error.ts';
import type { LargeContent } from '../spool/types.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import type { ShowPiece } from './body-followers.ts';
import { ContentHeader } from './content-header.ts';
import { ContentPieces } from './content-pieces.ts';
import { DraftBody, finishedBody } from './draft-body.ts';
import { ExaminedHeader } from './examined-header.ts';
import { openContent, spillBytesOf } from './open-content.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { StorePlace } from './store-places.ts';
import { type PartEnd, storeLarge, storeSmall, tellParts, type WholeMessage } from './store-parts.ts';
import { type Completion, completionOf, receivedLineOf } from './stored-form.ts';
import { refusalAfterContent, tooManyHops } from './store-refusals.ts';

/** Content is written to the file of a large message in pieces of at least this size. */
const largeWriteBytes = 64 * 1024;

type Stored = (refusal: Reply | undefined) => void;

export class MessageIntake {
  readonly #transaction: AcceptedTransaction;
  readonly #context: ReceiveContext;
  readonly #startedAtMs = Date.now();
  readonly #startedAtMonotonicMs = performance.now(); // for the log
  readonly #read: ContentHeader;
  readonly #pieces = new ContentPieces();
  /** The header, for stages that look at it or change it; undefined when none does. Then `#pieces` are the body only. */
  readonly #examined: ExaminedHeader | undefined;
  /** Has the message signed as it leaves, after the last edit; undefined when it is not to be signed. Its header is kept apart then. */
  readonly #outgoing: OutgoingMail | undefined;
  #signed: SignedMail | undefined;
  #large: LargeContent | undefined;
  /** Whose store has that file. */
  #largeAt: StorePlace | undefined;
  /** Bytes of the header and of the body, when they are kept apart. */
  #headerBytes = 0;
  #bodyBytes = 0;
  #isBody8Bit = false;
  /** Set when the body was replaced: settles when the file of the body before is removed. */
  #removal: Promise<unknown> | undefined;
  #draft: DraftBody | undefined; // the last body that a stage has begun
  #failure: unknown;
  #aborted = false;

  /** @param isExamined - whether header and body are kept apart, for stages or for signatures. @param outgoing - has it signed */
  constructor(
    context: ReceiveContext,
    transaction: AcceptedTransaction,
    isExamined: boolean,
    outgoing?: OutgoingMail,
  ) {
    this.#outgoing = outgoing;
    this.#context = context;
    this.#transaction = transaction;
    this.#examined = isExamined ? new ExaminedHeader() : undefined;
    this.#read = new ContentHeader(transaction, context.settings, this.#startedAtMs);
  }

  /**
   * Takes a piece of content.
   * @returns a promise when no more pieces may come until it resolves; it never rejects, since `finish` reports failures
   */
  add(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined) return undefined;
    this.#read.push(bytes);
    const { memory, settings } = this.#context;
    memory.take(bytes.length);
    const examined = this.header === undefined ? this.#examined : undefined;
    if (examined !== undefined) return this.#gatherHeader(examined, bytes);
    this.#addBody(bytes);
    if (this.#large !== undefined) {
      return this.#pieces.bytes < largeWriteBytes ? undefined : this.#write(this.#large);
    }
    const spillBytes = spillBytesOf(this.#transaction, this.#read.trace.complete, memory, settings);
    return this.#pieces.bytes <= spillBytes ? undefined : this.#spill();
  }

  /** The header, when it is complete and kept apart from the body. */
  get header(): EditableHeader | undefined {
    return this.#examined?.header;
  }

  /** Is it larger than what may be kept apart? Then the message has to be refused. */
  get isHeaderTooLarge(): boolean {
    return this.#examined?.isTooLarge === true;
  }

  /** The content has ended, and its header with it. */
  endHeader(): void {
    this.#examined?.end();
    this.#editHeader();
  }

  /** Bytes of its content in memory. */
  get heldBytes(): number {
    return this.#headerBytes + this.#pieces.bytes;
  }

  /** Bytes of header and body. */
  get contentBytes(): number {
    return this.#headerBytes + this.#bodyBytes;
  }

  /** Bytes of the body. */
  get sizeBytes(): number {
    return this.#bodyBytes;
  }

  /** The body in pieces of bounded size. */
  async *read(): AsyncIterable<Uint8Array> {
    if (this.#large !== undefined) yield* this.#large.read();
    for (const piece of this.#pieces.all) yield piece;
  }

  /** Shows what has come of the body, and what comes. Called when the header is complete: nothing of the body is on the disk yet. */
  followBody(show: ShowPiece): void {
    this.#examined?.followers.add(show, this.#pieces.all);
  }

  /** Begins a new body; one that was begun before and not used is given up. */
  newBody(maxBytes: number): DraftBody {
    this.#draft?.discard();
    this.#draft = new DraftBody(this.#context, this.#transaction.home.spool, maxBytes);
    return this.#draft;
  }

  replaceBody(body: Uint8Array | DraftBody): void {
    this.#takeContent();
    this.#removal = Promise.all([this.#removal, this.#large?.abort()]);
    const { pieces, large, sizeBytes, is8Bit } = finishedBody(body, this.#context);
    this.#large = large;
    this.#largeAt = this.#transaction.home;
    for (const piece of pieces) this.#pieces.push(piece);
    this.#bodyBytes = sizeBytes;
    this.#isBody8Bit = is8Bit;
  }

  /** The content has ended: ends the transaction if the message cannot be stored. @returns the reply that refuses it */
  refuse(): Reply | undefined {
    if (this.#failure !== undefined) return this.#failed(this.#failure);
    if (this.#read.trace.hops < this.#context.settings.maxReceived) return undefined;
    this.abort();
    this.#context.log.looped(this.#transaction, this.#read.trace);
    return tooManyHops;
  }

  /** Stores the message that `refuse` has not refused. Calls back once, later; without a refusal when it is stored. */
  store(stored: Stored): void {
    (this.#outgoing === undefined ? this.#storeWith() : this.#storeSigned(this.#outgoing)).then(
      (ends) => this.#ended(ends, stored),
      (error: unknown) => stored(this.#failed(error)),
    );
  }

  /** Ends the transaction without a message, and removes what was written. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#takeContent();
    this.#giveHeader();
    void this.#large?.abort();
    this.#draft?.discard();
  }

  #addBody(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#bodyBytes += bytes.length;
    this.#outgoing?.body(bytes);
    this.#failure ??= this.#examined?.followers.show(bytes);
  }

  #gatherHeader(examined: ExaminedHeader, bytes: Uint8Array): undefined {
    const body = examined.take(bytes, this.#read.trace.headerBytes);
    this.#headerBytes += bytes.length - (body?.length ?? 0);
    if (body !== undefined) this.#addBody(body);
    this.#editHeader();
  }

  /** Carries out the edits from before the header was there. */
  #editHeader(): void {
    for (const edit of this.#transaction.fieldEdits ?? []) this.header?.edit(edit);
  }

  /** Signs the message, and stores it. Nothing of it changes any more. @throws {SigningError} when it cannot be signed, and must be */
  async #storeSigned(outgoing: OutgoingMail): Promise<PartEnd[]> {
    const prefix = this.#prefix(this.#completion());
    if (this.#removal !== undefined) await outgoing.replaceBody(this.read());
    this.#signed = await outgoing.sign(prefix, () => this.read());
    return this.#storeWith(Buffer.concat([this.#signed.fields, prefix]));
  }

  /** A body that was replaced may be too large for one record. The file of the body before has the same name. */
  async #storeReplaced(removal: Promise<unknown>, prefix?: Uint8Array): Promise<PartEnd[]> {
    await removal;
    if (this.#large === undefined && this.#pieces.bytes > this.#context.settings.largeMessageBytes)
      await this.#spill();
    if (this.#failure !== undefined) throw this.#failure;
    return this.#large === undefined ? this.#append(prefix) : this.#commit(this.#large, prefix);
  }

  /** @param prefix - when it is made already */
  #storeWith(prefix?: Uint8Array): Promise<PartEnd[]> {
    if (this.#removal !== undefined) return this.#storeReplaced(this.#removal, prefix);
    return this.#large === undefined ? this.#append(prefix) : this.#commit(this.#large, prefix);
  }

  #append(made: Uint8Array | undefined): Promise<PartEnd[]> {
    const heldBytes = this.#pieces.bytes;
    // The prefix tells how the content was completed.
    const content = this.#completed(this.#pieces.take());
    return storeSmall(this.#whole(made), content).finally(() => {
      this.#context.memory.give(heldBytes);
      this.#giveHeader();
    });
  }

  #ended(ends: readonly PartEnd[], stored: Stored): void {
    const { intake } = this.#context;
    const signed = this.#signed;
    const facts = { completion: this.#completion(), signed, startedAtMs: this.#startedAtMonotonicMs };
    const failure = tellParts(this.#context, this.#transaction, ends, facts);
    if (failure !== undefined) {
      this.abort();
      stored(failure);
    } else if (intake.congested) intake.whenDrained(() => stored(undefined));
    else stored(undefined);
  }

  #failed(error: unknown): Reply {
    this.abort();
    const { home, queueId } = this.#transaction;
    if (!(error instanceof SigningError)) home.watch.failed(queueId, error);
    return refusalAfterContent(error);
  }

  async #spill(): Promise<void> {
    try {
      const { home } = this.#transaction;
      const first = Buffer.concat(this.#completed(this.#takeContent()));
      const large = await openContent(this.#transaction, () => this.refuse() ?? this.#whole(undefined));
      if (this.#aborted) return await large.abort();
      this.#largeAt = home;
      this.#large = large;
      await large.write(first);
    } catch (error) {
      this.#failure = error;
    }
  }

  async #write(large: LargeContent): Promise<void> {
    await large.write(Buffer.concat(this.#takeContent())).catch((error: unknown) => (this.#failure = error));
  }

  async #commit(large: LargeContent, made: Uint8Array | undefined): Promise<PartEnd[]> {
    await large.write(Buffer.concat(this.#takeContent()));
    const place = this.#largeAt ?? this.#transaction.home;
    return storeLarge(this.#whole(made), { large, place }).finally(() => this.#giveHeader());
  }

  /** @param made - the prefix, when it is made already */
  #whole(made: Uint8Array | undefined): WholeMessage {
    const completion = this.#completion();
    return { transaction: this.#transaction, completion, prefix: made ?? this.#prefix(completion) };
  }

  /** Takes the pieces that were gathered. They no longer count as held in memory. */
  #takeContent(): Uint8Array[] {
    this.#context.memory.give(this.#pieces.bytes);
    return this.#pieces.take();
  }

  /** What stands before the content: our fields, and the header when it was kept apart. Made last, when all that they tell is known. */
  #prefix(completion: Completion): Uint8Array {
    const received = receivedLineOf(this.#transaction, this.#context.settings.hostname, completion);
    const added = this.#read.addedFields(received);
    return this.header === undefined ? added : this.header.bytes(added, this.#bodyBytes > 0);
  }

  /** Completes the pieces, which begin the content, unless the header is kept apart. */
  #completed(pieces: Uint8Array[]): Uint8Array[] {
    return this.header === undefined ? this.#read.completed(pieces) : pieces;
  }

  /** The header does not count as held in memory any more. */
  #giveHeader(): void {
    this.#context.memory.give(this.#headerBytes);
    this.#headerBytes = 0;
  }

  #completion(): Completion {
    return completionOf(this.#transaction, this.#read, this.#startedAtMs, this.#isBody8Bit);
  }
}
