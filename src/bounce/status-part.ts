// The part of a report for programs: message/delivery-status (RFC 3464 2), or its UTF-8 form for addresses outside
// ASCII, message/global-delivery-status (RFC 6533 4).

import type { DsnOptions, DsnRecipient } from './dsn-types.ts';
import { asciiText, dateTime, exactText, field, isAscii } from './mime-text.ts';
import { encodeUtf8Address } from '../protocol/smtp/utf8-address.ts';
import { mtaName } from './mta-name.ts';
import { reasonWords } from './status.ts';

export interface StatusPart {
  readonly text: string;
  /** Whether it is the UTF-8 form. */
  readonly isGlobal: boolean;
}

/** The per-message fields and one group of fields for each recipient, with CRLF line ends. */
export function statusPart(options: DsnOptions): StatusPart {
  // RFC 6533 4: the UTF-8 form is for addresses that need it, where the sender's system knows it; texts of servers are no reason.
  const isGlobal =
    (options.smtpUtf8 === true || !isAscii(options.sender)) &&
    options.recipients.some(
      ({ address, originalRecipient = '' }) =>
        !isAscii(exactText(address)) || !isAscii(exactText(originalRecipient)),
    );
  const toText = isGlobal ? exactText : asciiText;
  let text = field('Reporting-MTA', `dns; ${toText(options.reportingMta)}`);
  if (options.envelopeId !== undefined && options.envelopeId !== '') {
    text += field('Original-Envelope-Id', toText(options.envelopeId)); // RFC 3464 2.2.1
  }
  text += field('X-Sluice-Queue-ID', toText(options.queueId));
  const { receivedFrom } = options;
  // RFC 3464 2.2.4: the name that the client gave, and its address.
  if (receivedFrom !== undefined) {
    const { helo, clientAddress } = receivedFrom;
    const name = helo === '' ? `[${clientAddress}]` : helo;
    text += field('Received-From-MTA', `dns; ${toText(name)} (${toText(clientAddress)})`);
  }
  text += field('Arrival-Date', dateTime(options.arrivalMs)); // RFC 3464 2.2.5
  for (const recipient of options.recipients)
    text += `\r\n${recipientFields(recipient, options.reportingMta, toText, isGlobal)}`;
  return { text, isGlobal };
}

function recipientFields(
  recipient: DsnRecipient,
  reportingMta: string,
  toText: (text: string) => string,
  isGlobal: boolean,
): string {
  const { address, originalRecipient, action, status, refusal } = recipient;
  let text = '';
  const semicolon = originalRecipient?.indexOf(';') ?? -1;
  if (originalRecipient !== undefined && semicolon > 0) {
    const type = originalRecipient.slice(0, semicolon);
    text += field('Original-Recipient', typedAddress(type, originalRecipient.slice(semicolon + 1), isGlobal)); // RFC 3464 2.3.1
  }
  text += field('Final-Recipient', typedAddress('rfc822', address, isGlobal)); // RFC 3464 2.3.2
  text += field('Action', action);
  text += field('Status', toText(status));
  // RFC 3464 2.3.5: the server that reported the status to us. A connection that failed has reported nothing.
  const isRemote = refusal?.by.kind === 'remote';
  const remoteMta = refusal?.by.kind === 'remote' ? refusal.by.host : recipient.remoteMta;
  if (remoteMta !== undefined && remoteMta !== '')
    text += field('Remote-MTA', `dns; ${toText(mtaName(remoteMta, reportingMta))}`);
  const said = refusal === undefined ? '' : toText(reasonWords(refusal));
  // RFC 3464 2.3.6: type smtp is for replies; our own text gets a type of its own.
  if (said !== '') text += field('Diagnostic-Code', `${isRemote ? 'smtp' : 'x-sluice'}; ${said}`);
  if (recipient.lastAttemptMs !== undefined) {
    text += field('Last-Attempt-Date', dateTime(recipient.lastAttemptMs)); // RFC 3464 2.3.7
  }
  if (action === 'delayed' && recipient.willRetryUntilMs !== undefined) {
    text += field('Will-Retry-Until', dateTime(recipient.willRetryUntilMs)); // RFC 3464 2.3.9
  }
  return text;
}

/** RFC 6533 3: an address outside ASCII has the type utf-8, and within message/delivery-status the form in ASCII. */
function typedAddress(type: string, address: string, isGlobal: boolean): string {
  const text = exactText(address);
  if (isAscii(text)) return `${asciiText(type)}; ${text}`;
  return `utf-8; ${isGlobal ? text : encodeUtf8Address(text, false)}`;
}
