// Reads the values of the DSN parameters ENVID and ORCPT as real clients write them (RFC 3461 4.2, 4.4). They only affect how reports
// look, so a value that cannot be read is dropped, and is never a reason to refuse the message.

import { parseMailbox } from '../../../address/path.ts';
import { decodeXtext, encodeXtext } from '../xtext.ts';

/** RFC 3461 4.4. */
const maxEnvidOctets = 100;
/** RFC 3461 4.2, in octets. */
const maxOrcptOctets = 500;
/** RFC 3461 4.2 addr-type is an atom. */
const addressType = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+$/;
const printable = /^[\x20-\x7e]+$/;

/** The decoded ENVID, in printable ASCII; undefined if it is not given or cannot be read. */
export function readEnvelopeId(value: string | undefined): string | undefined {
  if (value === undefined || value.length > maxEnvidOctets) return undefined;
  const decoded = decodeXtext(value);
  if (decoded !== undefined && printable.test(decoded)) return decoded;
  return isLiteral(value, maxEnvidOctets) ? value : undefined;
}

/**
 * The decoded ORCPT, `addr-type;address`; an address without a type gets the type `rfc822`. Undefined if it cannot be read.
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
  // A control character could forge a line of a delivery report.
  if (decoded !== undefined && decoded !== '' && !/[\x00-\x1f\x7f]/.test(decoded)) return decoded;
  return isLiteral(encoded, maxOrcptOctets) ? encoded : undefined;
}

/**
 * Can a value that is not xtext be used unchanged? Some clients do not encode it, and send `user+tag@example.com` or `a==`.
 */
function isLiteral(value: string, maxOctets: number): boolean {
  if (!printable.test(value) || encodeXtext(value).length > maxOctets) return false;
  for (const [, hex] of value.matchAll(/\+([0-9A-Fa-f]{2})/g)) {
    const octet = Number.parseInt(hex ?? '', 16);
    // An encoded control character must not be kept.
    if (octet < 0x20 || octet === 0x7f) return false;
  }
  return true;
}
