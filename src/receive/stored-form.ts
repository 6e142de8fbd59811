// What the spool keeps of a message beside its content: the envelope, and the Received line; and what the manager is told of it.

import { copiesIn, type Envelope, type EnvelopeRecipient, routesIn } from '../message/envelope.ts';
import { receivedLine } from '../message/received-line.ts';
import type { TraceFields } from '../message/trace-fields.ts';
import type { MailParameters } from '../protocol/smtp/server/server-types.ts';
import type { Appended } from '../spool/types.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import type { ContentHeader } from './content-header.ts';
import type { AcceptedMessage } from './types.ts';

/** What one queue gets of a message: all of it, or some of its recipients. */
export interface StoredPart {
  /** The name of the queue; undefined for the default one. */
  readonly queue: string | undefined;
  readonly queueId: string;
  readonly recipients: readonly EnvelopeRecipient[];
}

/** What is known when the message is complete. */
export interface Completion {
  /** Unix ms. */
  readonly startedAtMs: number;
  readonly priority: number | undefined;
  /** As given with MAIL, or as the content is after a stage has replaced it. */
  readonly body: Envelope['body'];
  readonly tlsDemand: Envelope['tlsDemand'];
}

/** @param is8Bit - whether a stage has put in a body of 8 bits */
export function completionOf(
  transaction: AcceptedTransaction,
  read: ContentHeader,
  startedAtMs: number,
  is8Bit: boolean,
): Completion {
  const { params } = transaction;
  const body = is8Bit ? '8BITMIME' : params.body;
  const tlsDemand = tlsDemandOf(params, read.trace);
  return { startedAtMs, priority: read.priority ?? transaction.priority, body, tlsDemand };
}

/** @param by - the name of this host */
export function receivedLineOf(
  { origin, protocol, recipients, queueId }: AcceptedTransaction,
  by: string,
  { priority, startedAtMs }: Completion,
): Uint8Array {
  const { client, helo } = origin;
  return receivedLine({
    helo,
    clientAddress: client,
    by,
    protocol,
    queueId,
    recipient: recipients.length === 1 ? recipients[0]?.address : undefined,
    priority,
    tls: origin.tls,
    nowMs: startedAtMs,
  });
}

export function envelopeOf(
  { origin, via, reversePath, params, tenant, quarantine }: AcceptedTransaction,
  { queueId, recipients }: StoredPart,
  { startedAtMs, priority, body, tlsDemand }: Completion,
): Envelope {
  const { client, helo, principal } = origin;
  return {
    queueId,
    receivedAtMs: startedAtMs,
    reversePath,
    recipients,
    body,
    smtpUtf8: params.smtpUtf8,
    ret: params.ret,
    envelopeId: params.envelopeId,
    tenant: tenant === '' ? undefined : tenant,
    priority,
    quarantine,
    tlsDemand,
    verp: params.verp,
    ...(principal !== undefined && { user: principal }),
    origin: { via, clientAddress: client, helo },
  };
}

/** What the manager is told. */
export function acceptedMessageOf(
  { origin, reversePath, tenant, quarantine, turn, params }: AcceptedTransaction,
  { queueId, recipients }: StoredPart,
  { ref, sizeBytes }: Appended,
  { startedAtMs, priority, tlsDemand }: Completion,
  tellsClient: boolean,
): AcceptedMessage {
  const { client, principal } = origin;
  return {
    queueId,
    ref,
    ...(tellsClient && { client }),
    receivedAtMs: startedAtMs,
    sizeBytes,
    reversePath,
    recipients: recipients.map(({ address }) => address),
    copies: copiesIn(recipients),
    routes: routesIn(recipients),
    tenant: tenant === '' ? undefined : tenant,
    priority,
    quarantine,
    tlsDemand,
    verp: params.verp,
    ...(principal !== undefined && { user: principal }),
    turn,
  };
}

/** RFC 8689 4.1: REQUIRETLS beats the header field. */
function tlsDemandOf({ requireTls }: MailParameters, trace: TraceFields): Envelope['tlsDemand'] {
  if (requireTls === true) return 'requiretls';
  return trace.waivesTls ? 'tls-required-no' : undefined;
}
