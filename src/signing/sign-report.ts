// Signs a message that this host writes itself, such as a bounce: it is in memory as a whole.

import { OutgoingMail, type SignedMail, type Signing } from './outgoing-mail.ts';

/** Whose mail it is, and where it goes. */
export interface ReportEnvelope {
  /** Empty for mail of no tenant. */
  readonly tenant: string;
  readonly reversePath: string;
  readonly recipient: string;
}

const headerEnd = '\r\n\r\n';

/**
 * @param content - in pieces, the first of which has all of the header
 * @throws {SigningError} when a key cannot be used now, and the message is not to go without its signature
 */
export function signReport(
  signing: Signing,
  { tenant, reversePath, recipient }: ReportEnvelope,
  content: readonly Uint8Array[],
): Promise<SignedMail> {
  const [first = new Uint8Array(0), ...more] = content;
  const head = Buffer.from(first.buffer, first.byteOffset, first.byteLength);
  const end = head.indexOf(headerEnd);
  const bodyStart = end === -1 ? head.length : end + headerEnd.length;
  const mail = new OutgoingMail(signing, {
    tenant,
    user: '',
    reversePath: () => reversePath,
    recipients: () => [recipient],
  });
  const body = [head.subarray(bodyStart), ...more];
  for (const piece of body) mail.body(piece);
  return mail.sign(head.subarray(0, bodyStart), () => body);
}
