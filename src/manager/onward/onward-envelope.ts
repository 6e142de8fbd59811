// The envelope of a message that a delivery leads to.

import type { Envelope } from '../../message/envelope.ts';
import type { Onward, OnwardMail } from '../../values/onward-mail.ts';
import { redirectedEnvelope } from '../redirects/redirected-envelope.ts';
import type { NewEnvelope } from './new-mail.ts';

/** RFC 3834 3.3: nobody hears of an answer that cannot be delivered. */
const never = { never: true, success: false, failure: false, delay: false } as const;

/**
 * A forward keeps the sender, and what it asked for; a list has a sender of its own, who has asked for nothing (RFC 3461 5.2.7.1); an answer is
 * mail of this host.
 * @param recipient - the index of the recipient that was delivered
 */
export function onwardEnvelope(
  envelope: Envelope,
  recipient: number,
  mail: OnwardMail,
  { mails, hasCopy }: Onward,
): NewEnvelope {
  const { reversePath, recipients } = mail;
  const own = {
    ...(mail.verp !== undefined && { verp: mail.verp }),
    ...(mail.isExpanded === true && { isExpanded: true as const }),
  };
  if (mail.content !== undefined) {
    const { tenant } = envelope;
    return {
      reversePath,
      recipients: recipients.map((address) => ({ address, notify: never })),
      body: isAscii(mail.content) ? '7BIT' : '8BITMIME',
      smtpUtf8: !isAscii([reversePath, ...recipients].join('')),
      ...(tenant !== undefined && { tenant }),
      ...own,
      origin: { via: 'sendmail', clientAddress: '', helo: '' },
    };
  }
  const others = mails.some((each) => each !== mail && each.content === undefined);
  const isForwarded = recipients.length === 1 && !hasCopy && !others;
  const redirected = redirectedEnvelope(envelope, recipient, recipients, isForwarded);
  if (reversePath === envelope.reversePath) return { ...redirected, ...own };
  const { ret: _ret, envelopeId: _id, verp: _verp, ...rest } = redirected;
  return { ...rest, reversePath, recipients: recipients.map((address) => ({ address })), ...own };
}

function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- ASCII
  return /^[\x00-\x7f]*$/.test(text);
}
