// The contract of the queue store (docs/spool-format.md). Free of file paths, so that another store can stand behind it.

import type { LastRefusal } from '../message/refusal-form.ts';
import type { Envelope } from '../message/envelope.ts';
import type { SpoolError } from './spool-error.ts';

/** Where one stored message is. Numbers only: it crosses process borders in batches. */
export interface StoredRef {
  /** The segment's id; unique for ever, below 2^53. */
  readonly segment: number;
  /** Byte offset of the record in the segment. */
  readonly offset: number;
  /** Bytes of the whole record, header included. */
  readonly length: number;
}

/** What is given to `append`. Content is the message with CRLF line ends, not dot-stuffed, Received line included. */
export interface NewMessage {
  readonly envelope: Envelope;
  readonly content: readonly Uint8Array[];
}

/** Appended and on stable storage. */
export interface Appended {
  readonly ref: StoredRef;
  /** Bytes of the content. */
  readonly sizeBytes: number;
}

/** A message too large for memory, streamed to a file of its own while it arrives. */
export interface LargeContent {
  /** Bytes written so far. */
  readonly sizeBytes: number;
  /** Writes a piece; resolves when the next piece may be written (bounded memory). */
  write(piece: Uint8Array): Promise<void>;
  /** The content is complete: syncs it, appends the record with the envelope, and resolves when all is stable. */
  commit(envelope: Envelope): Promise<Appended>;
  /** Removes what was written; safe to call at any time before commit resolved. */
  abort(): Promise<void>;
}

/** The writing side, one per process that accepts mail. */
export interface SpoolWriter {
  /** A new queue id, unique for ever. */
  newQueueId(): string;
  /**
   * Group commit: resolves when content and envelope are on stable storage.
   * @throws {SpoolError} code `SPOOL_FULL` when the reserve would be eaten, `SPOOL_WRITE_FAILED` when write or sync failed;
   * in both cases the message is not in the spool and the client gets a 4xx.
   */
  append(message: NewMessage): Promise<Appended>;
  openLarge(queueId: string): Promise<LargeContent>;
  /** True while there is room above the reserve and nothing fails; checked before 354 so that mail is refused early. */
  hasRoom(sizeBytes: number): boolean;
  /** Why nothing can be stored for now, whatever room there is: the file system is read-only, say. */
  readonly failure: SpoolError | undefined;
  close(): Promise<void>;
}

/** One message read back: its envelope, and its content. */
export interface StoredMessage {
  readonly envelope: Envelope;
  readonly sizeBytes: number;
  /** The whole content when the record holds it; undefined for a large message: then `stream`. */
  readonly content: Uint8Array | undefined;
  /** Header and envelope in the segment are damaged; they come from its index. */
  readonly isFromIndex?: true;
  /** The content in pieces of bounded size, checked against its checksum as far as it was read. */
  stream(): AsyncIterable<Uint8Array>;
}

/** The reading side, in the sender and wherever a message is looked at. */
export interface SpoolReader {
  /**
   * Synchronous read through the page cache: for messages that were written a moment ago.
   * @throws {SpoolError} `SPOOL_CORRUPT` when a checksum does not hold, `SPOOL_MISSING` when segment or record is gone.
   */
  readFresh(ref: StoredRef): StoredMessage;
  /** The same without blocking the thread: for messages that may have left the page cache. */
  read(ref: StoredRef): Promise<StoredMessage>;
  /** Reads the envelope only. */
  readEnvelope(ref: StoredRef): Promise<Envelope>;
  close(): void;
}

/** The reading side where people are shown what there is. */
export interface QueueReader extends SpoolReader {
  /**
   * What the envelope of a damaged message says, which may be wrong: for people to know the message by, never to deliver it.
   * Undefined when it says nothing any more, or not that it is of this message.
   */
  readDamagedEnvelope(queueId: string, ref: StoredRef): Promise<Envelope | undefined>;
}

/** What is left of one message. */
export interface SalvagedMessage {
  /** Undefined when neither the record nor the index has it as it was written. */
  readonly envelope: Envelope | undefined;
  /** What is damaged or missing, in sentences; complete when the stream has ended. */
  readonly faults: readonly string[];
  /** What can be read of the content, in pieces of bounded size. */
  stream(): AsyncIterable<Uint8Array>;
}

/** Reads messages that may be damaged. */
export interface SpoolSalvager {
  /**
   * @param queueId - of the message: nothing of another one is taken for it
   * @throws {SpoolError} `SPOOL_DENIED`, `SPOOL_UNREADABLE` when the system lacks rights or files; damage is never thrown
   */
  salvage(queueId: string, ref: StoredRef): Promise<SalvagedMessage>;
  close(): void;
}

/** What has become of one recipient; `recipient` is its index in the envelope. */
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
  /** A message is held or released as a whole. Released, one that is damaged is tried again. */
  | { readonly kind: 'held' | 'released'; readonly queueId: string }
  /** Its record or content cannot be read as it was written: it is held, and its recipients' last refusal says why. */
  | { readonly kind: 'damaged'; readonly queueId: string; readonly why: string };

/** The state of one recipient that still waits, as recovery finds it. */
export interface RecoveredRecipient {
  readonly index: number;
  readonly address: string;
  readonly attempts: number;
  /** 0: at once. */
  readonly nextAttemptAtMs: number;
  readonly lastRefusal: LastRefusal;
}

/** A message with at least one recipient left. */
export interface RecoveredMessage {
  readonly queueId: string;
  readonly ref: StoredRef;
  readonly receivedAtMs: number;
  readonly sizeBytes: number;
  readonly reversePath: string;
  readonly body: Envelope['body'];
  readonly smtpUtf8: boolean;
  /** Name of the tenant; none: mail of no tenant. */
  readonly tenant?: string | undefined;
  /** MT-PRIORITY (RFC 6710); none: 0. */
  readonly priority?: number | undefined;
  readonly held: boolean;
  /** Why it cannot be delivered; then it is held. None: nothing is known to be wrong with it. */
  readonly damage?: string | undefined;
  readonly waiting: readonly RecoveredRecipient[];
}

/** Segments and messages counted, for `sluice status` and tests. */
export interface SpoolUsage {
  readonly segments: number;
  readonly bytes: number;
  readonly liveMessages: number;
  /** Of these, messages that are known to be damaged. */
  readonly damagedMessages: number;
}

/** The manager's side: the only one that settles and removes. */
export interface SpoolStore {
  /** Everything that still has a recipient waiting, oldest segment first. Call once, before anything else. */
  recover(): AsyncIterable<RecoveredMessage>;
  /**
   * A receiver reports a message; from now on its segment is kept until the message is done.
   * False when it is known already, waiting or done: a receiver may report again after the manager restarted.
   */
  submitted(queueId: string, ref: StoredRef, recipients: number): boolean;
  /** Records outcomes; written within some ms, synced within `journalSyncMs`. The last recipient's outcome ends the message. */
  settle(outcomes: readonly Outcome[]): void;
  /** True for a message that is known to be damaged. */
  isDamaged(queueId: string): boolean;
  /** The current place of a message: it may have moved to a long-lived segment. Undefined when it is done. */
  locate(queueId: string): StoredRef | undefined;
  /** A message in flight is not moved and its segment not unlinked. */
  pin(queueId: string): void;
  unpin(queueId: string): void;
  /** Moves stragglers to long-lived segments, unlinks dead segments, compacts the journal; a bounded step. */
  maintain(nowMs: number): Promise<void>;
  usage(): SpoolUsage;
  /** Resolves when all outcomes so far are on stable storage. */
  flush(): Promise<void>;
  /** Outcomes that are not on stable storage yet. */
  readonly unstored: number;
  /** Tries to store them until this time is over; resolves to the number of those that still are not. */
  settled(withinMs: number): Promise<number>;
  close(): Promise<void>;
}

/** Something that is not as it should be in the spool, found by recovery or `sluice spool check`. */
export interface SpoolProblem {
  /**
   * `segment` and `journal`: bytes that are damaged; `torn`: bytes at an end that a crash cut short before they counted,
   * or that are damaged; `index`: rebuilt; `content`: a message is damaged; `missing`: a message or its large file that
   * should be there is not; `orphan`: a large file of no message; `holds`: the second record of what is held; `unwritten`: it could not
   * be written;
   * `doubt`: nobody knows any more what was held, so everything is;
   * `format`: the file that tells the version; `aside`: damaged files that were taken out of the way.
   */
  readonly kind:
    | 'segment'
    | 'journal'
    | 'torn'
    | 'index'
    | 'content'
    | 'missing'
    | 'orphan'
    | 'holds'
    | 'unwritten'
    | 'doubt'
    | 'format'
    | 'aside';
  /** The segment, journal file or queue id concerned. */
  readonly place: string;
  readonly text: string;
  /** What is known of the message that it concerns. */
  readonly message?: DamagedMessage | undefined;
}

/** A message that cannot be delivered because its stored form is damaged. */
export interface DamagedMessage {
  readonly queueId: string;
  /** Empty: the null reverse path. */
  readonly reversePath: string;
  /** Those that still wait. */
  readonly recipients: readonly string[];
}
