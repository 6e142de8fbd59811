// The contract of a queue store: what writes, reads and keeps mail. Each kind of store has a folder beside this file
// (`segments/`, `memory/`), `open.ts` chooses among them, and test/spool/contract runs the same tests against all of them.

import type { LastRefusal } from '../message/refusal-form.ts';
import type { Envelope, MessageHead } from '../message/envelope.ts';
import type { SpoolError } from './spool-error.ts';
import type { SpoolProblem } from './spool-problem.ts';

export type { SpoolProblem } from './spool-problem.ts';

/**
 * Names one stored message. Only its store knows what the place means. It has only numbers, because it is sent between
 * processes in batches.
 */
export interface StoredRef {
  /** The number of the store: its index in the list of the instance's stores. */
  readonly store: number;
  readonly place: readonly number[];
}

/** The reference of a message that is nowhere; reading it fails with `SPOOL_MISSING`. */
export const nowhere: StoredRef = { store: 0, place: [] };

/** True when both references name the same place: the message has not moved from one to the other. */
export function isSamePlace(one: StoredRef, other: StoredRef): boolean {
  if (one.store !== other.store || one.place.length !== other.place.length) return false;
  return one.place.every((number, index) => number === other.place[index]);
}

/** The address of a recipient whose address cannot be read any more; such a domain cannot exist (RFC 2606 2). */
export const unknownAddress = 'unknown@damaged.invalid';

/** A message to be stored. */
export interface NewMessage {
  readonly envelope: Envelope;
  /** Header fields that stand before the content: the Received line, signatures. CRLF line ends. At most 1 MiB. */
  readonly prefix?: Uint8Array | undefined;
  /** The message as it came, with CRLF line ends, not dot-stuffed. */
  readonly content: readonly Uint8Array[];
}

/** The result of storing a message on stable storage. */
export interface Appended {
  readonly ref: StoredRef;
  /** Bytes of the message: prefix and content. */
  readonly sizeBytes: number;
}

/** A message too large for memory, streamed to a file of its own while it arrives. */
export interface LargeContent {
  /** Bytes of content written so far. */
  readonly sizeBytes: number;
  /** Writes a piece; resolves when the next piece may be written (bounded memory). */
  write(piece: Uint8Array): Promise<void>;
  /**
   * Ends the content: syncs it, appends the record with the envelope, and resolves when both are on stable storage. The envelope may
   * have another queue id than the content was begun with: content that takes the place of that of a message, whose file is removed.
   * @param prefix - header fields that stand before the content, which may depend on all of it; see `NewMessage`
   */
  commit(envelope: Envelope, prefix?: Uint8Array): Promise<Appended>;
  /** Reads what was written so far, in pieces of bounded size. Nothing may be written until it has ended. */
  read(): AsyncIterable<Uint8Array>;
  /** Removes the file; does nothing after `commit` was called. */
  abort(): Promise<void>;
}

/** The writing side, one per process that accepts mail. */
export interface SpoolWriter {
  /** Makes a queue id that is never used again. */
  newQueueId(): string;
  /**
   * Stores a message by group commit: resolves when content and envelope are on stable storage.
   * @throws {SpoolError} `SPOOL_FULL` when there is no room above the reserve, `SPOOL_WRITE_FAILED` when write or sync
   * failed; in both cases the message is not in the spool and the client gets a 4xx.
   */
  append(message: NewMessage): Promise<Appended>;
  openLarge(queueId: string): Promise<LargeContent>;
  /** True while there is room above the reserve and no `failure`; checked before 354, so that mail is refused early. */
  hasRoom(sizeBytes: number): boolean;
  /** Why nothing can be stored at present although there may be room, e.g. a read-only file system. */
  readonly failure: SpoolError | undefined;
  close(): Promise<void>;
}

/** One message read back: its envelope, and the message as it will be sent. */
export interface StoredMessage {
  readonly envelope: Envelope;
  /** Bytes of prefix and content together. */
  readonly sizeBytes: number;
  /** The whole message, prefix and content; undefined for a large one: use `stream`. */
  readonly content: Uint8Array | undefined;
  /** Set when header and envelope in the segment are damaged and were read from its index. */
  readonly isFromIndex?: true;
  /** The whole message in pieces of bounded size. A wrong checksum rejects before the last piece. */
  stream(): AsyncIterable<Uint8Array>;
}

/** Reads stored messages. */
export interface SpoolReader {
  /**
   * Reads synchronously, through the page cache: for messages that were written a moment ago.
   * @throws {SpoolError} `SPOOL_CORRUPT` when a checksum does not match, `SPOOL_MISSING` when the message is not there,
   * `SPOOL_UNREADABLE` when the system cannot read it
   */
  readFresh(ref: StoredRef): StoredMessage;
  /** Like `readFresh`, without blocking the thread: for messages that may have left the page cache. */
  read(ref: StoredRef): Promise<StoredMessage>;
  /** Reads the envelope only. */
  readEnvelope(ref: StoredRef): Promise<Envelope>;
  close(): void;
}

/** Reads stored messages for people, who also want to see damaged ones. */
export interface QueueReader extends SpoolReader {
  readHead(ref: StoredRef): Promise<MessageHead>;
  /**
   * Reads the envelope of a damaged message, which may be wrong: so that people recognize the message, never to deliver it.
   * Undefined when it cannot be read, or has another queue id.
   */
  readDamagedEnvelope(queueId: string, ref: StoredRef): Promise<Envelope | undefined>;
}

/** The readable parts of a message that may be damaged. */
export interface SalvagedMessage {
  /** Undefined when it is damaged in the record and in the index. */
  readonly envelope: Envelope | undefined;
  /** Sentences that tell what is damaged or missing; complete when the stream has ended. */
  readonly faults: readonly string[];
  /** The readable parts of the content, in pieces of bounded size. */
  stream(): AsyncIterable<Uint8Array>;
}

/** Reads messages that may be damaged. */
export interface SpoolSalvager {
  /**
   * Reads a message.
   * @param queueId - a record with another queue id is not taken for the message's
   * @throws {SpoolError} `SPOOL_DENIED` or `SPOOL_UNREADABLE` when the system cannot open a file; never because of damage
   */
  salvage(queueId: string, ref: StoredRef): Promise<SalvagedMessage>;
  close(): void;
}

/** What happened to a recipient or a message; `recipient` is the index in the envelope. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly queueId: string; readonly recipient: number }
  | { readonly kind: 'failed'; readonly queueId: string; readonly recipient: number }
  | {
      readonly kind: 'deferred';
      readonly queueId: string;
      readonly recipient: number;
      /** Attempts so far, this one included. */
      readonly attempts: number;
      readonly nextAttemptAtMs: number;
      readonly refusal: LastRefusal;
    }
  | { readonly kind: 'removed'; readonly queueId: string; readonly recipient: number }
  /** A message was held or released, with all its recipients, or passes routes that hold mail. A damaged one is tried again after its release. */
  | { readonly kind: 'held' | 'released' | 'passes-holds'; readonly queueId: string }
  /** The sender was told that the message is delayed: it had waited for `afterMs` when that was due. */
  | { readonly kind: 'warned'; readonly queueId: string; readonly afterMs: number }
  /** The stored message is damaged: it is held, and its recipients' last refusal tells why. */
  | { readonly kind: 'damaged'; readonly queueId: string; readonly why: string };

/** A waiting recipient, as recovery finds it. */
export interface RecoveredRecipient {
  readonly index: number;
  readonly address: string;
  readonly attempts: number;
  /** 0: at once. */
  readonly nextAttemptAtMs: number;
  readonly lastRefusal: LastRefusal;
}

/** A message with at least one waiting recipient, as recovery finds it. */
export interface RecoveredMessage extends Pick<Envelope, 'tlsDemand' | 'user' | 'verp'> {
  readonly queueId: string;
  readonly ref: StoredRef;
  readonly receivedAtMs: number;
  readonly sizeBytes: number;
  readonly reversePath: string;
  readonly body: Envelope['body'];
  readonly smtpUtf8: boolean;
  /** Name of the tenant; undefined: mail of no tenant. */
  readonly tenant?: string | undefined;
  /** MT-PRIORITY (RFC 6710); undefined: 0. */
  readonly priority?: number | undefined;
  /** The numbers of the recipients that get copies for archives; undefined when there is none. */
  readonly copies?: readonly number[] | undefined;
  /** The names of the routes that stages chose, by the number of the recipient; undefined when there is none. */
  readonly routes?: readonly (string | undefined)[] | undefined;
  readonly held: boolean;
  /** As in the last outcome of kind `warned`; undefined: there was none. */
  readonly warnedAfterMs?: number | undefined;
  /** After an outcome of kind `passes-holds`. */
  readonly passesHolds?: true | undefined;
  /** Why it was held when it was accepted; it may have been released since. Undefined: it was not. */
  readonly quarantine?: string | undefined;
  /** Why the stored message is damaged; then it is held. Undefined: no damage is known. */
  readonly damage?: string | undefined;
  readonly waiting: readonly RecoveredRecipient[];
}

/** Number of segments and messages, for `sluice status` and tests. */
export interface SpoolUsage {
  readonly segments: number;
  readonly bytes: number;
  readonly liveMessages: number;
  /** Those of `liveMessages` that are known to be damaged. */
  readonly damagedMessages: number;
}

/** One of several stores, for people. */
export interface StoreState {
  /** `away`: it is not there, or cannot be read. `blocked`: its outcomes cannot be stored. `stopped`: by an operator. */
  readonly state: 'open' | 'away' | 'blocked' | 'stopped';
  /** Why it is not open. */
  readonly why?: string | undefined;
  readonly usage: SpoolUsage;
  /** Free space on its disk, as it was asked last. */
  readonly freeBytes?: number | undefined;
}

/** The store of the manager, which alone records outcomes and removes files. */
export interface SpoolStore {
  /** Yields all messages with a waiting recipient, oldest segment first. Call once, before anything else. */
  recover(): AsyncIterable<RecoveredMessage>;
  /**
   * Adds a message that a receiver has reported. Its segment is kept until the message is done.
   * @returns false when the message is known already, waiting or done: a receiver may report it again after a restart of the
   * manager
   */
  submitted(queueId: string, ref: StoredRef, recipients: number): boolean;
  /** Records outcomes: written within some ms, synced within `journalSyncMs`. With the last recipient, a message is done. */
  settle(outcomes: readonly Outcome[]): void;
  /**
   * False while one of several stores is not there: then outcomes of messages that nobody knows are kept for it by `settle`,
   * which otherwise ignores them.
   */
  readonly isWhole: boolean;
  /** True for a message that is known to be damaged. */
  isDamaged(queueId: string): boolean;
  /** The current place of a message, which may have moved to a long-lived segment. Undefined when it is done. */
  locate(queueId: string): StoredRef | undefined;
  /** Until `unpin`, the message is not moved and its segment not removed: a sender is reading it. Calls are counted. */
  pin(queueId: string): void;
  unpin(queueId: string): void;
  /** Does a bounded step of maintenance: moves old messages to long-lived segments, removes files, compacts the journal. */
  maintain(nowMs: number): Promise<void>;
  usage(): SpoolUsage;
  /** Of each of several stores, by its number; an only store has no such function. */
  states?(): readonly StoreState[];
  /** Resolves when all outcomes so far are on stable storage. @param only - of these stores alone, by their numbers */
  flush(only?: readonly number[]): Promise<void>;
  /** Number of outcomes that are not on stable storage yet. */
  readonly unstored: number;
  /** Tries for this time to store all outcomes; resolves to the number of outcomes that are not stored. */
  storeOutcomes(withinMs: number): Promise<number>;
  close(): Promise<void>;
}

/** Events that a store notices by itself. */
export interface StoreEvents {
  /** Receives problems that recovery and maintenance find. */
  readonly onProblem: (problem: SpoolProblem) => void;
  /** Receives a stored message that its writer has never reported; without this, it waits for the next recovery. */
  readonly onStray: (message: RecoveredMessage) => void;
  /** Receives messages that have vanished since recovery; they are held. */
  readonly onDamaged: (queueIds: readonly string[]) => void;
  /**
   * Called with the reason when outcomes cannot be stored, or when there may be room only for the outcomes of deliveries in
   * progress: no new delivery should begin from then on. Called with undefined when there is enough room again.
   */
  readonly onBlocked: (reason: SpoolError | undefined) => void;
}
