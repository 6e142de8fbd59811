// Finds recipients that fail before anything is sent: their path must not be written, or the server announced that it does not accept
// such a message. They get the status that the server would have replied.

import { pathKind } from './commands.ts';
import type { ClientSessionOptions, ClientTransaction, SessionFailure } from './client-types.ts';
import type { ServerExtensions } from './extensions.ts';

type Unsent = Extract<SessionFailure, { readonly kind: 'unsent' }>;

export interface LocalDecision {
  /** Recipients that fail permanently, by index. */
  readonly failures: readonly { readonly recipient: number; readonly failure: Unsent }[];
  /** Does MAIL need the SMTPUTF8 parameter for the other recipients (RFC 6531 3.4)? */
  readonly useUtf8: boolean;
}

const unsafeRecipient = unsent(
  'RCPT',
  553,
  '5.1.3',
  'the recipient address is empty or has characters that must not be sent',
);
const utf8Recipient = unsent(
  'RCPT',
  553,
  '5.6.7',
  'the recipient address needs SMTPUTF8, which the server does not offer',
);

function unsent(during: Unsent['during'], code: number, enhanced: string, text: string): Unsent {
  return { kind: 'unsent', during, code, enhanced, text };
}

/** Finds the recipients to which this server cannot deliver the message. */
export function decideLocally(
  transaction: ClientTransaction,
  extensions: ServerExtensions,
  downgrade8bit: ClientSessionOptions['downgrade8bit'],
): LocalDecision {
  const { recipients } = transaction;
  const sender = pathKind(transaction.reversePath);
  let useUtf8 = transaction.smtpUtf8 || sender === 'utf8';
  const failures: { readonly recipient: number; readonly failure: Unsent }[] = [];

  let messageFailure: Unsent | undefined;
  const limit = extensions.size ?? 0;
  if (transaction.requireTls === true && !extensions.requireTls) {
    // RFC 8689 4.2.1: without it, the message must not be sent.
    const text = 'the message requires TLS on its whole way, and the server does not offer REQUIRETLS';
    messageFailure = unsent('MAIL', 550, '5.7.30', text);
  } else if (transaction.verp !== undefined && !extensions.xverp) {
    // An older server of ours may be asked again when it is a newer one.
    const text = 'the message asks for senders of its recipients (VERP), and the server does not offer XVERP';
    messageFailure = unsent('MAIL', 555, '5.5.4', text);
  } else if (sender === 'unsafe') {
    messageFailure = unsent('MAIL', 553, '5.1.7', 'the sender address has characters that must not be sent');
  } else if (useUtf8 && !extensions.smtpUtf8) {
    // RFC 6531 3.1 item 8 and 3.2: a relay does not convert the message, but returns it.
    messageFailure = unsent(
      'MAIL',
      550,
      '5.6.7',
      'the message needs SMTPUTF8, which the server does not offer',
    );
  } else if (limit > 0 && transaction.sizeBytes > limit) {
    // RFC 1870 6.1: a message above the announced limit need not be tried.
    const text = `the message has ${transaction.sizeBytes} bytes, the server takes at most ${limit}`;
    messageFailure = unsent('MAIL', 552, '5.3.4', text);
  } else if (transaction.body === '8BITMIME' && !extensions.eightBitMime && downgrade8bit === 'fail') {
    // RFC 6152 3
    const text = 'the message has 8-bit content, and the server does not offer 8BITMIME';
    messageFailure = unsent('MAIL', 554, '5.6.3', text);
  }
  for (let recipient = 0; recipient < recipients.length; recipient++) {
    if (messageFailure !== undefined) {
      failures.push({ recipient, failure: messageFailure });
      continue;
    }
    const address = recipients[recipient]?.address ?? '';
    const kind = address === '' ? 'unsafe' : pathKind(address);
    if (kind === 'unsafe') failures.push({ recipient, failure: unsafeRecipient });
    else if (kind === 'utf8' && !extensions.smtpUtf8) failures.push({ recipient, failure: utf8Recipient });
    else if (kind === 'utf8') useUtf8 = true;
  }
  return { failures, useUtf8 };
}
