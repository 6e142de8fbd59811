// Turns failed recipients into reports: one DSN (RFC 3464) for all recipients of a message that failed together.
// The DSN is on stable storage before the failure is settled, so a crash in between repeats the report and never loses it.

import { type Addressee, addresseeOf } from '../bounce/addressee.ts';
import type { BounceSettings } from '../bounce/bounce-settings.ts';
import { wantsReport } from '../bounce/wants-report.ts';
import type { Timers } from '../io/timers.ts';
import type { Events } from '../log/events.ts';
import type { Logger } from '../log/logger.ts';
import type { Envelope } from '../message/envelope.ts';
import { SigningError } from '../signing/signing-error.ts';
import { SpoolError } from '../spool/spool-error.ts';
import type { LiveSrs } from '../srs/live-srs.ts';
import { dayOf } from '../srs/srs-day.ts';
import type { StoredRef } from '../spool/types.ts';
import type { Troubles } from '../stats/troubles.ts';
import { EndablePauses } from './endable-pauses.ts';
import { FailureLog, type FailureLogParts } from './failure-log.ts';
import type { BouncerPort } from './ports.ts';
import { type ReadMessage, ReportSource, type ReportSourceParts } from './report-source.ts';
import type { AttemptNews } from './plugins/attempt-news.ts';
import { smallReportBytes } from './report-stores.ts';
import { type ReportPart, ReportWriter, type ReportWriterParts } from './report-writer.ts';
import type { ReportedRecipient } from './reported-recipient.ts';

/** How long to wait before a report that could not be stored (a full disk) is tried again. */
const retryMs = 1_000;
const fullText = 'the disk of the spool is full';

export interface BouncerParts extends ReportSourceParts, ReportWriterParts, FailureLogParts {
  /** Turns SRS addresses of this server back into senders. */
  readonly srs?: LiveSrs | undefined;
  readonly timers: Timers;
  readonly log: Logger;
  readonly happenings: Events;
  readonly troubles?: Troubles | undefined;
  /** Is told when a failure is reported, or nobody is to be told of it. */
  readonly news?: Pick<AttemptNews, 'bounced'> | undefined;
}

export class Bouncer implements BouncerPort {
  readonly #parts: BouncerParts;
  readonly #source: ReportSource;
  readonly #reports: ReportWriter;
  /** Messages whose report is tried again until it can be stored. */
  readonly #failing = new Set<string>();
  /** Of messages whose report is to be asked for again: how many of its parts are stored. */
  readonly #storedParts = new Map<string, number>();
  /** Between two tries. */
  readonly #pauses: EndablePauses;
  readonly #told: FailureLog;
  #isStopped = false;

  constructor(parts: BouncerParts) {
    this.#parts = parts;
    this.#pauses = new EndablePauses(parts.timers);
    this.#told = new FailureLog(parts);
    this.#source = new ReportSource(parts);
    this.#reports = new ReportWriter(parts);
  }

  /** The settings in force. */
  get settings(): BounceSettings {
    return this.#parts.settings();
  }

  /** Ends the pauses between tries: from now on no report is tried a second time. */
  stop(): void {
    this.#isStopped = true;
    this.#told.stop();
    this.#pauses.stop();
  }

  /**
   * Reports recipients of one message to the addressee that `addresseeOf` finds. Resolves to true when the report is on stable
   * storage, or when none is due. A report that cannot be stored is tried again until it is stored, or until `stop`: then this
   * resolves to false, and the failure has been reported to nobody. One that cannot be signed resolves to `later`: it is to be asked
   * for again, and others need not wait for it.
   */
  async report(
    queueId: string,
    ref: StoredRef,
    recipients: readonly ReportedRecipient[],
  ): Promise<boolean | 'later'> {
    let outcome: boolean | 'later' = true;
    try {
      outcome = await this.#reportUntilStored(queueId, ref, recipients);
      return outcome;
    } finally {
      if (outcome !== 'later') this.#isOver(queueId);
    }
  }

  /**
   * Reports for an operator: there is one try, and its error is thrown. If a report has several parts, some of them may have
   * been stored; they are repeated when the operator tries again, as after a crash.
   * @throws {SpoolError} when the message cannot be read or its report cannot be stored now
   */
  async reportNow(queueId: string, ref: StoredRef, recipients: readonly ReportedRecipient[]): Promise<void> {
    const writer = this.#parts.stores.roomiest(ref.store);
    if (!writer.hasRoom(smallReportBytes)) {
      throw writer.failure ?? new SpoolError('SPOOL_FULL', fullText);
    }
    const found = await this.#source.read(queueId, ref);
    if (found === undefined) {
      this.#told.unread(ref, recipients);
      return;
    }
    const { envelope, original } = found;
    const message = { queueId, ref, envelope };
    const addressee = this.#addressee(envelope);
    if (addressee.kind !== 'nobody') {
      for (const each of await this.#reports.parts(addressee, envelope, recipients, original)) {
        await this.#reports.store(queueId, ref, envelope, each, original);
      }
    }
    for (const each of recipients) if (each.action === 'failed') this.#told.bounced(message, each);
    if (addressee.kind === 'nobody') this.#told.dropped(message, recipients, addressee.reason);
    this.#tellNews(queueId, envelope, recipients, addressee);
  }

  #isOver(queueId: string): void {
    this.#storedParts.delete(queueId);
    if (this.#failing.delete(queueId) && this.#failing.size === 0) this.#parts.troubles?.clear('report');
  }

  async #reportUntilStored(
    queueId: string,
    ref: StoredRef,
    recipients: readonly ReportedRecipient[],
  ): Promise<boolean | 'later'> {
    if (!(await this.#waitForRoom(queueId, ref))) return false;
    const found = await this.#read(queueId, ref);
    if (found === undefined) {
      if (!this.#isStopped) this.#told.unread(ref, recipients);
      return !this.#isStopped;
    }
    const { envelope, original: content } = found;
    const message = { queueId, ref, envelope };
    // Known: it was told before, when it could not be signed.
    let stored = this.#storedParts.get(queueId);
    for (const each of recipients) {
      if (each.action === 'failed' && stored === undefined) this.#told.bounced(message, each);
    }
    stored ??= 0;
    const addressee = this.#addressee(envelope);
    if (addressee.kind === 'nobody') {
      this.#told.dropped(message, recipients, addressee.reason);
      this.#tellNews(queueId, envelope, recipients, addressee);
      return true;
    }
    const parts = await this.#reports.parts(addressee, envelope, recipients, content);
    for (const each of parts.slice(stored)) {
      for (;;) {
        const outcome = await this.#tryStore(queueId, ref, envelope, each, content);
        if (outcome === 'stored') break;
        if (this.#isStopped) return false;
        if (outcome === 'unsigned') {
          this.#storedParts.set(queueId, stored);
          return 'later';
        }
        await this.#pauses.wait(retryMs);
      }
      stored++;
    }
    this.#tellNews(queueId, envelope, recipients, addressee);
    return true;
  }

  /** Those who asked for no report get none. */
  #tellNews(
    queueId: string,
    envelope: Envelope,
    recipients: readonly ReportedRecipient[],
    addressee: Addressee,
  ): void {
    for (const each of recipients) {
      if (each.action !== 'failed') continue;
      const { recipient, refusal, expired } = each;
      const { notify } = envelope.recipients[recipient] ?? {};
      const to = addressee.kind === 'nobody' ? '' : addressee.address;
      const isTold = addressee.kind === 'postmaster' || wantsReport(notify, 'failed');
      this.#parts.news?.bounced(queueId, recipient, refusal, expired, isTold ? to : '');
    }
  }

  /** A sender that this server has rewritten, and whose mail has come back here, hears of it at its own address. */
  #addressee(envelope: Envelope): Addressee {
    const { dateMs, settings, srs } = this.#parts;
    const addressee = addresseeOf(envelope, settings().postmaster);
    if (addressee.kind !== 'sender' || srs?.current === undefined || !srs.isOurs(addressee.address))
      return addressee;
    const reversed = srs.current.reverse(addressee.address, dayOf(dateMs()));
    if (reversed.kind === 'original') return { kind: 'sender', address: reversed.address };
    const reason = `its sender <${addressee.address}> is an SRS address that was not made here, or has expired`;
    return { kind: 'nobody', reason };
  }

  async #tryStore(
    queueId: string,
    ref: StoredRef,
    envelope: Envelope,
    part: ReportPart,
    original: readonly Uint8Array[],
  ): Promise<'stored' | 'failed' | 'unsigned'> {
    try {
      await this.#reports.store(queueId, ref, envelope, part, original);
      return 'stored';
    } catch (error) {
      this.#noteFailed(queueId, error instanceof Error ? error.message : String(error));
      return error instanceof SigningError ? 'unsigned' : 'failed';
    }
  }

  /**
   * Waits until there is room on the disk. The message is read only after that, because very many messages may fail while the
   * disk is full.
   * @returns false when `stop` came first
   */
  async #waitForRoom(queueId: string, ref: StoredRef): Promise<boolean> {
    for (;;) {
      const writer = this.#parts.stores.roomiest(ref.store);
      if (writer.hasRoom(smallReportBytes)) return true;
      this.#noteFailed(queueId, writer.failure?.message ?? fullText);
      if (this.#isStopped) return false;
      await this.#pauses.wait(retryMs);
    }
  }

  /** Logs and raises the trouble once for all failing reports, until all of them are stored. */
  #noteFailed(queueId: string, reason: string): void {
    const isFirst = this.#failing.size === 0;
    this.#failing.add(queueId);
    if (!isFirst) return;
    this.#parts.troubles?.raise(
      'report',
      'critical',
      `Reports about mail that failed cannot be stored: ${reason}. Their messages are kept until they can be.`,
      'Make room on the disk of the spool: they are tried again every second. After a restart the mail is tried again.',
    );
    this.#parts.log.error(
      `the report for message ${queueId} could not be stored; it and others are tried again until they are: ${reason}`,
    );
  }

  /** As `ReportSource.read`; an error of the system is tried again until `stop`, because it says nothing about the message. */
  async #read(queueId: string, ref: StoredRef): Promise<ReadMessage | undefined> {
    for (;;) {
      try {
        return await this.#source.read(queueId, ref);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#parts.log.error(`message ${queueId} cannot be read for its report, trying again: ${reason}`);
        if (this.#isStopped) return undefined;
        await this.#pauses.wait(retryMs);
      }
    }
  }
}
