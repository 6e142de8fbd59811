// Hands finished reports over: as a signed message in the queue, or to a page of HTTPS.

import type { SecureContext } from 'node:tls';
import type { Submitted } from '../../channel/messages.ts';
import type { Resolver } from '../../dns/types.ts';
import type { Timers } from '../../io/timers.ts';
import type { Events } from '../../log/events.ts';
import { postReport } from '../../reports/https-post.ts';
import type { Handed } from '../../reports/mailer.ts';
import type { Report } from '../../reports/report.ts';
import { reportMail } from '../../reports/report-mail.ts';
import type { ReportSettings } from '../../reports/report-settings.ts';
import type { Signing } from '../../signing/outgoing-mail.ts';
import { signReport } from '../../signing/sign-report.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { ReportUri } from '../../values/report-uri.ts';
import type { ReportStores } from '../report-stores.ts';

export interface ReportPostParts {
  readonly settings: () => ReportSettings;
  /** Where reports are kept. */
  readonly stores: Pick<ReportStores, 'of'>;
  readonly signing: Signing | undefined;
  /** Called with each report that is on stable storage. */
  readonly submit: (message: Submitted) => void;
  readonly happenings: Events;
  readonly troubles: Troubles;
  readonly lookups: () => Pick<Resolver, 'addresses'>;
  readonly secureContext: () => Promise<SecureContext>;
  readonly timers: Timers;
  /** Dates as the system's clock shows them. */
  readonly dateMs: () => number;
}

/** RFC 8460 does not say; the policies of MTA-STS have a minute, too (RFC 8461 3.3). */
const deadlineMs = 60_000;
const advice =
  'Give the domain of the address of reports a [[signing_key]], or set another address as from in [reports].';

export class ReportPost {
  readonly #parts: ReportPostParts;

  constructor(parts: ReportPostParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async handOver(report: Report, uri: ReportUri, signal: AbortSignal): Promise<Handed> {
    if (uri.kind === 'mailto') return this.#mail(report, uri.address);
    const { settings, lookups, secureContext, timers } = this.#parts;
    const { ipv4, ipv6, mayBePrivate } = settings();
    // RFC 8460 6.5.
    const posted = await postReport(uri.url, 'application/tlsrpt+gzip', report.content, {
      resolver: lookups(),
      ipv4,
      ipv6,
      timers,
      secureContext,
      mayBePrivate,
      deadlineMs,
      signal,
    });
    return posted.kind === 'sent'
      ? { kind: 'sent', detail: `it answered ${posted.status}` }
      : { kind: 'later', detail: posted.reason };
  }

  async #mail(report: Report, to: string): Promise<Handed> {
    const { settings, stores, signing, dateMs, happenings, submit } = this.#parts;
    const { reporter, reserveBytes } = settings();
    const { writer, queue } = stores.of({ recipient: to, tenant: undefined }, 0);
    // The writer is for bounces, which may use the reserve. A report is worth less than the mail that would have no room.
    if (!writer.hasRoom(reserveBytes + report.content.length * 2)) {
      return { kind: 'later', detail: 'the disk of the spool is nearly full' };
    }
    const nowMs = dateMs();
    const content = [reportMail(report, reporter, to, nowMs)];
    try {
      const envelope = { tenant: '', reversePath: reporter.from, recipient: to };
      const signed =
        signing?.rules.isEmpty === false ? await signReport(signing, envelope, content) : undefined;
      if (signed === undefined || signed.by.length === 0) {
        const unusable = signed?.unsigned;
        return unusable === undefined
          ? this.#unsigned('failed', `no [[signing_key]] is for ${reporter.from}`)
          : this.#unsigned('later', unusable);
      }
      this.#parts.troubles.clear('reports');
      const id = writer.newQueueId();
      const reversePath = reporter.from;
      // RFC 8689 5, and RFC 8460 3: the report arrives whatever is wrong with the TLS of the domain.
      const demand = report.kind === 'tls' ? ({ tlsDemand: 'tls-required-no' } as const) : undefined;
      const appended = await writer.append({
        envelope: {
          queueId: id,
          receivedAtMs: nowMs,
          reversePath,
          // RFC 3461 4.1: nobody wants to hear that a report could not be delivered.
          recipients: [
            { address: to, notify: { never: true, success: false, failure: false, delay: false } },
          ],
          body: '7BIT',
          smtpUtf8: false,
          origin: { via: 'sendmail', clientAddress: '', helo: '' },
          ...demand,
        },
        prefix: signed.fields,
        content,
      });
      const about = `${report.domain} ${report.day}`;
      happenings.happened('received', {
        id,
        from: reversePath,
        to: [to],
        via: 'report',
        about,
        size: appended.sizeBytes,
        queue,
        signed: signed.by,
      });
      submit({
        kind: 'submitted',
        queueId: id,
        ref: appended.ref,
        receivedAtMs: nowMs,
        sizeBytes: appended.sizeBytes,
        reversePath,
        recipients: [to],
        ...demand,
      });
      return { kind: 'sent', detail: id };
    } catch (error) {
      // A key that cannot be used now, or a full disk: both may be better in a while.
      const reason = error instanceof Error ? error.message : String(error);
      return this.#unsigned('later', reason);
    }
  }

  /** RFC 8460 3 and RFC 9990 3.5.2: whoever gets a report without a valid signature throws it away. */
  #unsigned(kind: 'later' | 'failed', reason: string): Handed {
    const text = `Reports to other domains cannot be sent by mail: ${reason}.`;
    this.#parts.troubles.raise('reports', 'warning', text, advice);
    return { kind, detail: reason };
  }
}
