// Turns failed recipients into reports: one DSN (RFC 3464) for all recipients of a message that failed together.
// The DSN is on stable storage before the failure is settled, so a crash in between repeats the report and never loses it.

import type { BounceSettings } from '../bounce/bounce-settings.ts';
import { type Addressee, addresseeOf } from '../bounce/addressee.ts';
import { type DsnRecipient, buildDsn } from '../bounce/build-dsn.ts';
import { splitReport } from '../bounce/split-report.ts';
import { failureStatus } from '../bounce/status.ts';
import { wantsReport } from '../bounce/wants-report.ts';
import type { Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { Envelope } from '../message/envelope.ts';
import { peerOf, type Refusal } from '../message/refusal.ts';
import { refusalText } from '../message/refusal-text.ts';
import { SpoolError, isDamage } from '../spool/spool-error.ts';
import type { SpoolReader, SpoolWriter, StoredMessage, StoredRef } from '../spool/types.ts';
import type { Stats } from '../stats/stats.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { Submitted } from '../channel/messages.ts';

/** A recipient to be reported. */
export type ReportedRecipient = FailedRecipient | RelayedRecipient;

export interface FailedRecipient {
  readonly recipient: number;
  readonly action: 'failed';
  readonly refusal: Refusal;
  /** Its lifetime ended it. */
  readonly expired: boolean;
}

interface RelayedRecipient {
  readonly recipient: number;
  readonly action: 'relayed';
  /** The server that took it; undefined when nobody knows any more. */
  readonly host: string | undefined;
}

interface ReadMessage {
  readonly envelope: Envelope;
  readonly original: readonly Uint8Array[];
}

/** How long to wait before a report that could not be stored (a full disk) is tried again. */
const retryMs = 1_000;
/** Without room for this, no report is tried. */
const smallReportBytes = 64 * 1024;
const fullText = 'the disk of the spool is full';

export class Bouncer {
  /** Those in force. */
  readonly #settings: () => BounceSettings;
  readonly #timers: Timers;
  /** Dates as the system's clock shows them. */
  readonly #dateMs: () => number;
  readonly #reader: SpoolReader;
  readonly #writer: SpoolWriter;
  readonly #log: Logger;
  readonly #stats: Stats;
  readonly #submit: (message: Submitted) => void;
  readonly #troubles: Troubles | undefined;
  /** Messages whose report is tried again until it can be stored. */
  readonly #failing = new Set<string>();
  /** Wakes those that wait to try again. */
  readonly #stopping = new AbortController();

  constructor(options: {
    readonly settings: () => BounceSettings;
    readonly timers: Timers;
    readonly dateMs: () => number;
    readonly reader: SpoolReader;
    readonly writer: SpoolWriter;
    readonly log: Logger;
    readonly stats: Stats;
    readonly submit: (message: Submitted) => void;
    readonly troubles?: Troubles | undefined;
  }) {
    this.#settings = options.settings;
    this.#timers = options.timers;
    this.#dateMs = options.dateMs;
    this.#reader = options.reader;
    this.#writer = options.writer;
    this.#log = options.log;
    this.#stats = options.stats;
    this.#submit = options.submit;
    this.#troubles = options.troubles;
  }

  /** From now on nothing is tried a second time. */
  stop(): void {
    this.#stopping.abort();
  }

  /**
   * Reports recipients of one message to whom `addresseeOf` says. Resolves to true when the report is on stable storage, or
   * when none is due. A report that cannot be stored is tried again until it can, or to `stop`: then it resolves to false,
   * and nobody has heard of the failure.
   */
  async report(queueId: string, ref: StoredRef, recipients: readonly ReportedRecipient[]): Promise<boolean> {
    try {
      return await this.#reportInTheEnd(queueId, ref, recipients);
    } finally {
      if (this.#failing.delete(queueId) && this.#failing.size === 0) this.#troubles?.clear('report');
    }
  }

  /**
   * The same for an operator, who is told at once when it cannot be stored: nothing is tried again. Of a report in several
   * parts some may be stored then; they are repeated when the operator tries again, as after a crash.
   * @throws {SpoolError} when the message cannot be read or its report cannot be stored now
   */
  async reportNow(queueId: string, ref: StoredRef, recipients: readonly ReportedRecipient[]): Promise<void> {
    if (!this.#writer.hasRoom(smallReportBytes)) {
      throw this.#writer.failure ?? new SpoolError('SPOOL_FULL', fullText);
    }
    const found = await this.#tryRead(queueId, ref);
    if (found === undefined) return;
    const { envelope, original } = found;
    const addressee = addresseeOf(envelope, this.#settings().postmaster);
    if (addressee.kind !== 'nobody') {
      for (const each of this.#parts(addressee, envelope, recipients)) {
        await this.#store(queueId, addressee, envelope, each, original);
      }
    }
    for (const each of recipients) if (each.action === 'failed') this.#logBounced(queueId, envelope, each);
    if (addressee.kind === 'nobody') this.#dropped(queueId, envelope, recipients, addressee.reason);
  }

  async #reportInTheEnd(
    queueId: string,
    ref: StoredRef,
    recipients: readonly ReportedRecipient[],
  ): Promise<boolean> {
    if (!(await this.#room(queueId))) return false;
    const found = await this.#read(queueId, ref);
    if (found === undefined) return !this.#stopping.signal.aborted;
    const { envelope, original: content } = found;
    for (const each of recipients) {
      if (each.action === 'failed') this.#logBounced(queueId, envelope, each);
    }
    const addressee = addresseeOf(envelope, this.#settings().postmaster);
    if (addressee.kind === 'nobody') {
      this.#dropped(queueId, envelope, recipients, addressee.reason);
      return true;
    }
    for (const each of this.#parts(addressee, envelope, recipients)) {
      while (!(await this.#isStored(queueId, addressee, envelope, each, content))) {
        if (this.#stopping.signal.aborted) return false;
        await this.#pause();
      }
    }
    return true;
  }

  #parts(
    addressee: Exclude<Addressee, { readonly kind: 'nobody' }>,
    envelope: Envelope,
    recipients: readonly ReportedRecipient[],
  ): Iterable<readonly DsnRecipient[]> {
    const nowMs = this.#dateMs();
    return splitReport(
      recipients
        .filter((each) => isDue(addressee, envelope, each))
        .map((each) => dsnRecipient(envelope, each, nowMs)),
    );
  }

  async #isStored(
    queueId: string,
    addressee: Exclude<Addressee, { readonly kind: 'nobody' }>,
    envelope: Envelope,
    recipients: readonly DsnRecipient[],
    original: readonly Uint8Array[],
  ): Promise<boolean> {
    try {
      await this.#store(queueId, addressee, envelope, recipients, original);
      return true;
    } catch (error) {
      this.#failed(queueId, error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** For the next try; a stop cuts it short. */
  #pause(): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const over = (): void => {
        this.#timers.clear(timer);
        signal.removeEventListener('abort', over);
        resolve();
      };
      const timer = this.#timers.setTimeout(over, retryMs).unref();
      signal.addEventListener('abort', over);
    });
  }

  /**
   * Reports wait for room without the text of their messages: very many may fail while the disk is full.
   * @returns false when a stop came first.
   */
  async #room(queueId: string): Promise<boolean> {
    while (!this.#writer.hasRoom(smallReportBytes)) {
      this.#failed(queueId, this.#writer.failure?.message ?? fullText);
      if (this.#stopping.signal.aborted) return false;
      await this.#pause();
    }
    return true;
  }

  /** Said once for all reports that fail, until all of them are stored. */
  #failed(queueId: string, reason: string): void {
    const isFirst = this.#failing.size === 0;
    this.#failing.add(queueId);
    if (!isFirst) return;
    this.#troubles?.raise(
      'report',
      'critical',
      `Reports about mail that failed cannot be stored: ${reason}. Their messages are kept until they can be.`,
      'Make room on the disk of the spool: they are tried again every second. After a restart the mail is tried again.',
    );
    this.#log.error(
      `the report for message ${queueId} could not be stored; it and others are tried again until they are: ${reason}`,
    );
  }

  /**
   * The envelope, and as much of the message as can be returned: nothing of one that is damaged. Undefined when not even
   * the envelope is left. While the system cannot read, it is tried again: that says nothing about the message.
   */
  async #read(queueId: string, ref: StoredRef): Promise<ReadMessage | undefined> {
    for (;;) {
      try {
        return await this.#tryRead(queueId, ref);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.error(`message ${queueId} cannot be read for its report, trying again: ${reason}`);
        if (this.#stopping.signal.aborted) return undefined;
        await this.#pause();
      }
    }
  }

  /** As `#read`, but throws while the system cannot read. */
  async #tryRead(queueId: string, ref: StoredRef): Promise<ReadMessage | undefined> {
    try {
      const message = await this.#reader.read(ref);
      return { envelope: message.envelope, original: await this.#original(message) };
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#log.error(`message ${queueId} is reported about without its content: ${error.message}`);
    }
    try {
      return { envelope: await this.#reader.readEnvelope(ref), original: [] };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.error(`nobody hears that message ${queueId} failed: its envelope is lost, too: ${reason}`);
      return undefined;
    }
  }

  /** Says that the failure of a message with the empty sender ends here. */
  #dropped(
    queueId: string,
    envelope: Envelope,
    recipients: readonly ReportedRecipient[],
    reason: string,
  ): void {
    const failed = recipients.filter(({ action }) => action === 'failed');
    if (failed.length === 0) return;
    this.#stats.count('dropped', failed.length);
    const to = failed.map(({ recipient }) => envelope.recipients[recipient]?.address ?? '');
    this.#log.event('dropped', { id: queueId, from: '', to, reason: `nobody is told: ${reason}` });
  }

  #logBounced(queueId: string, envelope: Envelope, each: FailedRecipient): void {
    this.#log.event('bounced', {
      id: queueId,
      from: envelope.reversePath,
      to: envelope.recipients[each.recipient]?.address ?? '',
      reply: refusalText(each.refusal),
      host: peerOf(each.refusal)?.host,
      expired: each.expired,
      delayMs: Math.max(0, this.#dateMs() - envelope.receivedAtMs),
    });
  }

  /** As much of the message as a report may return: what is longer is cut down to its header there. */
  async #original(message: StoredMessage): Promise<Uint8Array[]> {
    if (message.content !== undefined) return [message.content];
    const pieces: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const piece of message.stream()) {
      pieces.push(piece);
      sizeBytes += piece.length;
      if (sizeBytes > this.#settings().maxOriginalBytes) break;
    }
    return pieces;
  }

  async #store(
    queueId: string,
    addressee: Exclude<Addressee, { readonly kind: 'nobody' }>,
    envelope: Envelope,
    recipients: readonly DsnRecipient[],
    original: readonly Uint8Array[],
  ): Promise<void> {
    const { hostname, from, maxOriginalBytes } = this.#settings();
    const nowMs = this.#dateMs();
    const id = this.#writer.newQueueId();
    const dsn = buildDsn({
      reportingMta: hostname,
      queueId,
      arrivalMs: envelope.receivedAtMs,
      nowMs,
      sender: addressee.address,
      envelopeId: envelope.envelopeId,
      recipients,
      ret: envelope.ret,
      original: { kind: 'full', content: original },
      maxOriginalBytes,
      from,
      boundary: `=_${id}_${hostname}`,
      messageId: `${id}@${hostname}`,
    });
    const via = addressee.kind === 'postmaster' ? 'notice' : 'bounce';
    const appended = await this.#writer.append({
      envelope: {
        queueId: id,
        receivedAtMs: nowMs,
        reversePath: '',
        recipients: [
          { address: dsn.recipient, notify: { never: true, success: false, failure: false, delay: false } },
        ],
        body: dsn.body,
        smtpUtf8: dsn.smtpUtf8,
        // A tenant whose mail fails in masses delays with its reports nobody but itself. RFC 6710 4.6: a report has the
        // priority of the message that it is about.
        tenant: envelope.tenant,
        priority: envelope.priority,
        origin: { via, clientAddress: '', helo: '' },
      },
      content: dsn.content,
    });
    this.#log.event('received', {
      id,
      from: '',
      to: [dsn.recipient],
      via,
      about: queueId,
      size: appended.sizeBytes,
      tenant: envelope.tenant,
      priority: envelope.priority,
    });
    this.#submit({
      kind: 'submitted',
      queueId: id,
      ref: appended.ref,
      receivedAtMs: nowMs,
      sizeBytes: appended.sizeBytes,
      reversePath: '',
      recipients: [dsn.recipient],
      tenant: envelope.tenant,
      priority: envelope.priority,
    });
  }
}

/** NOTIFY is the sender's wish (RFC 3461 4.1). The postmaster hears of the failures of our reports, and of nothing else. */
function isDue({ kind }: Addressee, envelope: Envelope, each: ReportedRecipient): boolean {
  if (kind === 'postmaster') return each.action === 'failed';
  return wantsReport(envelope.recipients[each.recipient]?.notify, each.action);
}

function dsnRecipient(envelope: Envelope, each: ReportedRecipient, nowMs: number): DsnRecipient {
  const recipient = envelope.recipients[each.recipient];
  const facts = {
    address: recipient?.address ?? '',
    originalRecipient: recipient?.originalRecipient,
    lastAttemptMs: nowMs,
  };
  if (each.action === 'relayed') {
    return { ...facts, action: 'relayed', status: '2.0.0', remoteMta: each.host };
  }
  const { refusal, expired } = each;
  return { ...facts, action: 'failed', status: failureStatus(refusal, expired), refusal };
}
