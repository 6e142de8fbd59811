// Writes reports (RFC 3464) into the spool and submits them as mail: several, if there are too many recipients for one.

import { verpAddress } from '../address/verp-address.ts';
import type { Addressee } from '../bounce/addressee.ts';
import type { BounceSettings } from '../bounce/bounce-settings.ts';
import { type DsnRecipient, buildDsn } from '../bounce/build-dsn.ts';
import { splitReport } from '../bounce/split-report.ts';
import { delayStatus, failureStatus } from '../bounce/status.ts';
import { isAutomatic } from '../bounce/is-automatic.ts';
import { wantsReport } from '../bounce/wants-report.ts';
import type { Events } from '../log/events.ts';
import type { Envelope } from '../message/envelope.ts';
import type { Signing } from '../signing/outgoing-mail.ts';
import { signReport } from '../signing/sign-report.ts';
import type { StoredRef } from '../spool/types.ts';
import type { Submitted } from '../channel/messages.ts';
import type { QueueTallies } from './queue-tallies.ts';
import type { ReportStores } from './report-stores.ts';
import type { ReportedRecipient } from './reported-recipient.ts';

/** An addressee who gets a report. */
export type ReportAddressee = Exclude<Addressee, { readonly kind: 'nobody' }>;

/** What one report is about, and to whom it goes. */
export interface ReportPart {
  readonly to: ReportAddressee;
  readonly recipients: readonly DsnRecipient[];
}

export interface ReportWriterParts {
  /** The settings in force. */
  readonly settings: () => BounceSettings;
  /** The delimiters of the sender of its own that a recipient of the message has (VERP); undefined: it has none. */
  readonly verpOf: (envelope: Envelope, recipient: number) => Promise<string | undefined>;
  /** The [[route]] for reports about mail to this address in a store; undefined: that of [bounce]. Not given: it is always that one. */
  readonly routeFor?: (address: string, store: number) => string | undefined;
  /** Dates as the system's clock shows them. */
  readonly dateMs: () => number;
  /** Where reports are kept: a store that hangs delays no report of another. */
  readonly stores: Pick<ReportStores, 'of' | 'roomiest'>;
  readonly happenings: Events;
  /** Undefined where there is one queue alone. */
  readonly tallies?: QueueTallies | undefined;
  /** Signs reports; undefined where nothing is signed. */
  readonly signing?: Signing | undefined;
  /** Called with each report that is on stable storage. */
  readonly submit: (message: Submitted) => void;
}

export class ReportWriter {
  readonly #parts: ReportWriterParts;

  constructor(parts: ReportWriterParts) {
    this.#parts = parts;
  }

  /** The recipients that are to be reported, as many in each report as fit. Those with senders of their own have reports of their own. */
  async parts(
    addressee: ReportAddressee,
    envelope: Envelope,
    recipients: readonly ReportedRecipient[],
    original: readonly Uint8Array[],
  ): Promise<readonly ReportPart[]> {
    const nowMs = this.#parts.dateMs();
    const byAddress = new Map<string, DsnRecipient[]>();
    for (const each of recipients) {
      if (!isDue(addressee, envelope, each, original)) continue;
      const address = await this.#addressFor(addressee, envelope, each.recipient);
      const reported = byAddress.get(address) ?? [];
      byAddress.set(address, reported);
      reported.push(dsnRecipient(envelope, each, nowMs));
    }
    return [...byAddress].flatMap(([address, all]) =>
      splitReport(all).map((some) => ({ to: { ...addressee, address }, recipients: some })),
    );
  }

  /** A sender of the recipient's own (VERP) gets what concerns it: that is what the sender of the message looks for. */
  async #addressFor(
    { kind, address }: ReportAddressee,
    envelope: Envelope,
    recipient: number,
  ): Promise<string> {
    const delimiters = kind === 'sender' ? await this.#parts.verpOf(envelope, recipient) : undefined;
    if (delimiters === undefined) return address;
    return verpAddress(address, envelope.recipients[recipient]?.address ?? '', delimiters);
  }

  /** Resolves when the report is on stable storage and submitted. @throws {SpoolError, SigningError} when it cannot be stored now */
  async store(
    queueId: string,
    ref: StoredRef,
    envelope: Envelope,
    { to: addressee, recipients }: ReportPart,
    original: readonly Uint8Array[],
  ): Promise<void> {
    const {
      hostname,
      from,
      maxOriginalBytes,
      texts,
      route: usualRoute,
      tenant = envelope.tenant,
    } = this.#parts.settings();
    const { routeFor } = this.#parts;
    const ownRoutes = recipients.flatMap(({ address }) => routeFor?.(address, ref.store) ?? []);
    const route = ownRoutes[0] ?? usualRoute;
    const nowMs = this.#parts.dateMs();
    const report = { recipient: addressee.address, tenant };
    const { writer } = this.#parts.stores.of(report, ref.store);
    const id = writer.newQueueId();
    const dsn = buildDsn({
      reportingMta: hostname,
      queueId,
      arrivalMs: envelope.receivedAtMs,
      nowMs,
      sender: addressee.address,
      envelopeId: envelope.envelopeId,
      smtpUtf8: envelope.smtpUtf8,
      receivedFrom: envelope.origin.clientAddress === '' ? undefined : envelope.origin,
      recipients,
      // RFC 8689 5: what had to be encrypted on its way must not come back in clear.
      ret: envelope.tlsDemand === 'requiretls' ? 'HDRS' : envelope.ret,
      original: { kind: 'full', content: original },
      maxOriginalBytes,
      from,
      texts: texts.textsFor(envelope.tenant ?? '', original),
      boundary: `=_${id}_${hostname}`,
      messageId: `${id}@${hostname}`,
    });
    const { signing } = this.#parts;
    const signed =
      signing === undefined || signing.rules.isEmpty
        ? undefined
        : await signReport(
            signing,
            { tenant: tenant ?? '', reversePath: '', recipient: dsn.recipient },
            dsn.content,
          );
    const via = addressee.kind === 'postmaster' ? 'notice' : 'bounce';
    const appended = await writer.append({
      envelope: {
        queueId: id,
        receivedAtMs: nowMs,
        reversePath: '',
        recipients: [
          {
            address: dsn.recipient,
            notify: { never: true, success: false, failure: false, delay: false },
            route,
          },
        ],
        body: dsn.body,
        smtpUtf8: dsn.smtpUtf8,
        // With its tenant, so that a tenant whose mail fails in masses delays only itself with the reports. RFC 6710 4.6: a
        // report has the priority of the message that it is about.
        tenant,
        priority: envelope.priority,
        origin: { via, clientAddress: '', helo: '' },
      },
      prefix: signed?.fields,
      content: dsn.content,
    });
    this.#parts.happenings.happened('received', {
      id,
      from: '',
      to: [dsn.recipient],
      via,
      about: queueId,
      size: appended.sizeBytes,
      tenant,
      queue: this.#parts.tallies?.nameOf(appended.ref.store),
      priority: envelope.priority,
      signed: signed?.by.length === 0 ? undefined : signed?.by,
      unsigned: signed?.unsigned,
    });
    this.#parts.submit({
      kind: 'submitted',
      queueId: id,
      ref: appended.ref,
      receivedAtMs: nowMs,
      sizeBytes: appended.sizeBytes,
      reversePath: '',
      recipients: [dsn.recipient],
      routes: route === undefined ? undefined : [route],
      tenant,
      priority: envelope.priority,
    });
  }
}

/** The sender asks for reports by NOTIFY (RFC 3461 4.1). The postmaster gets only failures of our own reports. */
function isDue(
  { kind }: Addressee,
  envelope: Envelope,
  each: ReportedRecipient,
  original: readonly Uint8Array[],
): boolean {
  if (kind === 'postmaster') return each.action === 'failed';
  const notify = envelope.recipients[each.recipient]?.notify;
  // A program or a list that did not ask for it has no use for news that something may come later.
  if (each.action === 'delayed' && notify === undefined && isAutomatic(original)) return false;
  return wantsReport(notify, each.action);
}

function dsnRecipient(envelope: Envelope, each: ReportedRecipient, nowMs: number): DsnRecipient {
  const recipient = envelope.recipients[each.recipient];
  const address = recipient?.address ?? '';
  const originalRecipient = recipient?.originalRecipient;
  if (each.action === 'delayed') {
    const { refusal, retryUntilMs: willRetryUntilMs } = each;
    const status = delayStatus(refusal);
    return { address, originalRecipient, action: 'delayed', status, refusal, willRetryUntilMs };
  }
  const facts = { address, originalRecipient, lastAttemptMs: nowMs };
  if (each.action !== 'failed') {
    return {
      ...facts,
      action: each.action,
      status: '2.0.0',
      remoteMta: each.action === 'expanded' ? undefined : each.host,
    };
  }
  const { refusal, expired } = each;
  return { ...facts, action: 'failed', status: failureStatus(refusal, expired), refusal };
}
