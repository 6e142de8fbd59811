// Stores a message that takes the place of a recipient of another one. Promise: `submit` is called when it is on stable storage, and not before.

import type { Submitted } from '../../channel/messages.ts';
import type { Events } from '../../log/events.ts';
import { copiesIn, type Envelope } from '../../message/envelope.ts';
import type { SpoolWriter, StoredMessage } from '../../spool/types.ts';

export type NewEnvelope = Omit<Envelope, 'queueId' | 'receivedAtMs'>;

export interface NewMailParts {
  readonly writer: SpoolWriter;
  readonly dateMs: () => number;
  readonly happenings: Pick<Events, 'happened'>;
  /** Called with the new message when it is on stable storage. */
  readonly submit: (message: Submitted) => void;
}

export interface NewMail {
  readonly envelope: NewEnvelope;
  /** Fields in front of the content. */
  readonly prefix: Uint8Array;
  readonly content: Uint8Array | StoredMessage;
  /** The queue id of the message that it comes from. */
  readonly about: string;
}

/** @throws {SpoolError} when it cannot be stored, or the content cannot be read */
export async function storeNewMail(
  { writer, dateMs, happenings, submit }: NewMailParts,
  { envelope: outline, prefix, content, about }: NewMail,
): Promise<void> {
  const queueId = writer.newQueueId();
  const receivedAtMs = dateMs();
  const envelope = { ...outline, queueId, receivedAtMs };
  const appended =
    content instanceof Uint8Array
      ? await writer.append({ envelope, prefix, content: [content] })
      : await storeCopy(writer, envelope, prefix, content);
  const { reversePath, recipients, tenant, priority, tlsDemand, verp, user } = envelope;
  const to = recipients.map(({ address }) => address);
  const { sizeBytes } = appended;
  happenings.happened('received', {
    id: queueId,
    from: reversePath,
    to,
    via: envelope.origin.via,
    about,
    size: sizeBytes,
    tenant,
    priority,
  });
  submit({
    kind: 'submitted',
    queueId,
    ref: appended.ref,
    receivedAtMs,
    sizeBytes,
    reversePath,
    recipients: to,
    copies: copiesIn(recipients),
    tenant,
    priority,
    tlsDemand,
    ...(verp !== undefined && { verp }),
    ...(user !== undefined && { user }),
  });
}

/**
 * Stores the content of a message with another envelope, behind these fields.
 * @throws {SpoolError} when it cannot be stored, or read
 */
export async function storeCopy(
  writer: SpoolWriter,
  envelope: Envelope,
  prefix: Uint8Array | undefined,
  message: StoredMessage,
): ReturnType<SpoolWriter['append']> {
  const { content } = message;
  if (content !== undefined) return writer.append({ envelope, prefix, content: [content] });
  const large = await writer.openLarge(envelope.queueId);
  try {
    for await (const piece of message.stream()) await large.write(piece);
  } catch (error) {
    await large.abort();
    throw error;
  }
  return large.commit(envelope, prefix);
}
