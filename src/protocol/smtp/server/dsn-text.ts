// Values of the DSN parameters ENVID and ORCPT as clients of the wild write them (RFC 3461 4.2, 4.4). They say how reports about a message
// look, no more: a value that cannot be read is left out, and never a reason to refuse the message.

import { parseMailbox } from '../../../address/path.ts';
import { decodeXtext, encodeXtext } from '../xtext.ts';

/** RFC 3461 4.4. */
const maxEnvidOctets = 100;
/** RFC 3461 4.2, in octets. */
const maxOrcptOctets = 500;
/** RFC 3461 4.2 addr-type is an atom. */
const addressType = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+$/;
const printable = /^[\x20-\x7e]+$/;

/** The decoded ENVID: printable ASCII; undefined if there is none to be had. */
export function readEnvelopeId(value: string | undefined): string | undefined {
  if (value === undefined || value.length > maxEnvidOctets) return undefined;
  const decoded = decodeXtext(value);
  if (decoded !== undefined && printable.test(decoded)) return decoded;
  return isLiteral(value, maxEnvidOctets) ? value : undefined;
}

/**
 * The decoded ORCPT, `addr-type;address`; an address alone is of the type `rfc822`. Undefined if there is none to be had.
 *
 * @param smtpUtf8 - whether SMTPUTF8 was given on MAIL
 */
export function readOriginalRecipient(value: string | undefined, smtpUtf8: boolean): string | undefined {
  if (value === undefined || value.length > maxOrcptOctets) return undefined;
  const semicolon = value.indexOf(';');
  if (semicolon === -1) {
    const address = readAddress(value);
    const isMailbox = address !== undefined && parseMailbox(address).kind === 'mailbox';
    return isMailbox ? `rfc822;${address}` : undefined;
  }
  const type = value.slice(0, semicolon);
  if (!addressType.test(type)) return undefined;
  const encoded = value.slice(semicolon + 1);
  // RFC 6533 3: an address of type utf-8 may come unencoded (utf-8-addr-unitext) in a transaction with SMTPUTF8.
  const unencoded = smtpUtf8 && type.toLowerCase() === 'utf-8' && /[^\x00-\x7f]/.test(encoded);
  const address = unencoded ? encoded : readAddress(encoded);
  return address === undefined ? undefined : `${type};${address}`;
}

function readAddress(encoded: string): string | undefined {
  const decoded = decodeXtext(encoded);
  // A control character in it could forge a line of a delivery report.
  if (decoded !== undefined && decoded !== '' && !/[\x00-\x1f\x7f]/.test(decoded)) return decoded;
  return isLiteral(encoded, maxOrcptOctets) ? encoded : undefined;
}

/**
 * Whether a value that is no xtext is text as it stands, and can be handed on: some clients encode nothing, and send
 * `user+tag@example.com` or `a==`.
 */
function isLiteral(value: string, maxOctets: number): boolean {
  if (!printable.test(value) || encodeXtext(value).length > maxOctets) return false;
  for (const [, hex] of value.matchAll(/\+([0-9A-Fa-f]{2})/g)) {
    const octet = Number.parseInt(hex ?? '', 16);
    // What decodes to a control character was encoded, and is none to keep.
    if (octet < 0x20 || octet === 0x7f) return false;
  }
  return true;
}
