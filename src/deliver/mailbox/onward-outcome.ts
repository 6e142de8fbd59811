// The outcome of a recipient whose mail goes on to others, alone or beside the mailbox.

import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';
import type { OnwardMail } from '../../values/onward-mail.ts';

const mostNamed = 3;

/**
 * @param recipient - its index in the transaction
 * @param into - the file of its mailbox; undefined: it is in none
 */
export function deliveredOutcome(
  recipient: number,
  into: string | undefined,
  mails: readonly OnwardMail[] = [],
): RecipientOutcome {
  const lines = [
    ...(into === undefined ? [] : [`delivered into ${into}`]),
    ...mails.map((mail) => `${verbs[mail.reason]} ${named(mail.recipients)}`),
  ];
  const hasCopy = into !== undefined;
  return {
    recipient,
    result: 'delivered',
    reply: { code: 250, enhanced: '2.1.5', lines: [lines.join('; ').slice(0, 1_000)], command: 'content' },
    ...(mails.length > 0 && { onward: { mails, hasCopy } }),
  };
}

const verbs = { forward: 'forwarded to', alias: 'sent on to', autoreply: 'answered to' } as const;

function named(addresses: readonly string[]): string {
  const first = addresses.slice(0, mostNamed).join(', ');
  return addresses.length > mostNamed ? `${first} and ${addresses.length - mostNamed} more` : first;
}
