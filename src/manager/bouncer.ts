// Turns failed recipients into reports: one DSN (RFC 3464) for all recipients of a message that failed together.
// The DSN is on stable storage before the failure is settled, so a crash in between repeats the report and never loses it.

import { addresseeOf } from '../bounce/addressee.ts';
import type { DsnRecipient } from '../bounce/dsn-types.ts';
import type { Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { Envelope } from '../message/envelope.ts';
import { peerOf } from '../message/refusal.ts';
import { refusalText } from '../message/refusal-text.ts';
import { SpoolError } from '../spool/spool-error.ts';
import type { StoredRef } from '../spool/types.ts';
import type { Stats } from '../stats/stats.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { BouncerPort } from './ports.ts';
import { type ReadMessage, ReportSource, type ReportSourceParts } from './report-source.ts';
import { ReportWriter, type ReportWriterParts, type Told } from './report-writer.ts';
import type { FailedRecipient, ReportedRecipient } from './reported-recipient.ts';

/** How long to wait before a report that could not be stored (a full disk) is tried again. */
const retryMs = 1_000;
/** Without room for this, no report is tried. */
const smallReportBytes = 64 * 1024;
const fullText = 'the disk of the spool is full';

export interface BouncerParts extends ReportSourceParts, ReportWriterParts {
  readonly timers: Timers;
  readonly log: Logger;
  readonly stats: Stats;
  readonly troubles?: Troubles | undefined;
}

export class Bouncer implements BouncerPort {
  readonly #parts: BouncerParts;
  readonly #source: ReportSource;
  readonly #reports: ReportWriter;
  /** Messages whose report is tried again until it can be stored. */
  readonly #failing = new Set<string>();
  /** Wakes those that wait to try again. */
  readonly #waiting = new Set<() => void>();
  #isStopped = false;

  constructor(parts: BouncerParts) {
    this.#parts = parts;
    this.#source = new ReportSource(parts);
    this.#reports = new ReportWriter(parts);
  }

  /** From now on nothing is tried a second time. */
  stop(): void {
    this.#isStopped = true;
    for (const wake of this.#waiting) wake();
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
      if (this.#failing.delete(queueId) && this.#failing.size === 0) this.#parts.troubles?.clear('report');
    }
  }

  /**
   * The same for an operator, who is told at once when it cannot be stored: nothing is tried again. Of a report in several
   * parts some may be stored then; they are repeated when the operator tries again, as after a crash.
   * @throws {SpoolError} when the message cannot be read or its report cannot be stored now
   */
  async reportNow(queueId: string, ref: StoredRef, recipients: readonly ReportedRecipient[]): Promise<void> {
    if (!this.#parts.writer.hasRoom(smallReportBytes)) {
      throw this.#parts.writer.failure ?? new SpoolError('SPOOL_FULL', fullText);
    }
    const found = await this.#source.read(queueId, ref);
    if (found === undefined) return;
    const { envelope, original } = found;
    const addressee = addresseeOf(envelope, this.#parts.settings().postmaster);
    if (addressee.kind !== 'nobody') {
      for (const each of this.#reports.parts(addressee, envelope, recipients)) {
        await this.#reports.store(queueId, addressee, envelope, each, original);
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
    if (found === undefined) return !this.#isStopped;
    const { envelope, original: content } = found;
    for (const each of recipients) {
      if (each.action === 'failed') this.#logBounced(queueId, envelope, each);
    }
    const addressee = addresseeOf(envelope, this.#parts.settings().postmaster);
    if (addressee.kind === 'nobody') {
      this.#dropped(queueId, envelope, recipients, addressee.reason);
      return true;
    }
    for (const each of this.#reports.parts(addressee, envelope, recipients)) {
      while (!(await this.#isStored(queueId, addressee, envelope, each, content))) {
        if (this.#isStopped) return false;
        await this.#pause();
      }
    }
    return true;
  }

  async #isStored(
    queueId: string,
    addressee: Told,
    envelope: Envelope,
    recipients: readonly DsnRecipient[],
    original: readonly Uint8Array[],
  ): Promise<boolean> {
    try {
      await this.#reports.store(queueId, addressee, envelope, recipients, original);
      return true;
    } catch (error) {
      this.#failed(queueId, error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** For the next try; a stop cuts it short. */
  #pause(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    const { timers } = this.#parts;
    return new Promise((resolve) => {
      const wake = (): void => {
        timers.clear(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = timers.setTimeout(wake, retryMs).unref();
      this.#waiting.add(wake);
    });
  }

  /**
   * Reports wait for room without the text of their messages: very many may fail while the disk is full.
   * @returns false when a stop came first.
   */
  async #room(queueId: string): Promise<boolean> {
    while (!this.#parts.writer.hasRoom(smallReportBytes)) {
      this.#failed(queueId, this.#parts.writer.failure?.message ?? fullText);
      if (this.#isStopped) return false;
      await this.#pause();
    }
    return true;
  }

  /** Said once for all reports that fail, until all of them are stored. */
  #failed(queueId: string, reason: string): void {
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

  /**
   * The envelope, and as much of the message as can be returned: nothing of one that is damaged. Undefined when not even
   * the envelope is left. While the system cannot read, it is tried again: that says nothing about the message.
   */
  async #read(queueId: string, ref: StoredRef): Promise<ReadMessage | undefined> {
    for (;;) {
      try {
        return await this.#source.read(queueId, ref);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#parts.log.error(`message ${queueId} cannot be read for its report, trying again: ${reason}`);
        if (this.#isStopped) return undefined;
        await this.#pause();
      }
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
    this.#parts.stats.count('dropped', failed.length);
    const to = failed.map(({ recipient }) => envelope.recipients[recipient]?.address ?? '');
    this.#parts.log.event('dropped', { id: queueId, from: '', to, reason: `nobody is told: ${reason}` });
  }

  #logBounced(queueId: string, envelope: Envelope, each: FailedRecipient): void {
    this.#parts.log.event('bounced', {
      id: queueId,
      from: envelope.reversePath,
      to: envelope.recipients[each.recipient]?.address ?? '',
      reply: refusalText(each.refusal),
      host: peerOf(each.refusal)?.host,
      expired: each.expired,
      delayMs: Math.max(0, this.#parts.dateMs() - envelope.receivedAtMs),
    });
  }
}
