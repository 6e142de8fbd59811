// Parameters of RCPT: NOTIFY and ORCPT (RFC 3461 4.1, 4.2; RFC 6533 3 for international addresses).
import { decodeXtext } from '../xtext.ts';
import { endsAt, splitParameters } from './parameters.ts';
import type { FixedReply } from './replies.ts';
import { REPLIES } from './replies.ts';
import type { RcptNotify, RcptParameters, ServerExtensions } from './server-types.ts';

const NO_PARAMETERS: RcptParameters = Object.freeze({});

/** RFC 3461 4.2, in octets. */
const MAX_ORCPT_OCTETS = 500;
/** RFC 3461 4.2 addr-type is an atom. */
const ADDRESS_TYPE = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+$/;

/**
 * Reads the parameters that follow the forward path at `start`, or gives the reply that refuses them.
 *
 * @param smtpUtf8 - whether SMTPUTF8 was given on MAIL
 */
export function readRcptParameters(
  text: string,
  start: number,
  extensions: ServerExtensions,
  smtpUtf8: boolean,
): { readonly params: RcptParameters } | { readonly refusal: FixedReply } {
  if (endsAt(text, start)) return { params: NO_PARAMETERS };
  const parameters = splitParameters(text, start);
  if ('code' in parameters) return { refusal: parameters };
  const params: { notify?: RcptNotify; originalRecipient?: string } = {};
  for (const { keyword, value } of parameters) {
    if (!extensions.dsn) return { refusal: REPLIES.parameterUnknown };
    if (keyword === 'NOTIFY') {
      const notify = readNotify(value);
      if (notify === undefined) return { refusal: REPLIES.parameterValue };
      params.notify = notify;
    } else if (keyword === 'ORCPT') {
      const originalRecipient = readOriginalRecipient(value, smtpUtf8);
      if (originalRecipient === undefined) return { refusal: REPLIES.parameterValue };
      params.originalRecipient = originalRecipient;
    } else {
      return { refusal: REPLIES.parameterUnknown };
    }
  }
  return { params };
}

/** RFC 3461 4.1: NEVER alone, or a list of the others. */
function readNotify(value: string | undefined): RcptNotify | undefined {
  const text = value?.toUpperCase();
  if (text === undefined) return undefined;
  if (text === 'NEVER') return { never: true, success: false, failure: false, delay: false };
  const notify = { never: false, success: false, failure: false, delay: false };
  for (const word of text.split(',')) {
    if (word === 'SUCCESS') notify.success = true;
    else if (word === 'FAILURE') notify.failure = true;
    else if (word === 'DELAY') notify.delay = true;
    else return undefined;
  }
  return notify;
}

function readOriginalRecipient(value: string | undefined, smtpUtf8: boolean): string | undefined {
  if (value === undefined || value.length > MAX_ORCPT_OCTETS) return undefined;
  const semicolon = value.indexOf(';');
  const type = value.slice(0, Math.max(semicolon, 0));
  if (!ADDRESS_TYPE.test(type)) return undefined;
  const encoded = value.slice(semicolon + 1);
  // RFC 6533 3: an address of type utf-8 may come unencoded (utf-8-addr-unitext) in a transaction with SMTPUTF8.
  const unencoded = smtpUtf8 && type.toLowerCase() === 'utf-8' && /[^\x00-\x7f]/.test(encoded);
  const address = unencoded ? encoded : decodeXtext(encoded);
  // A control character in it could forge a line of a delivery report.
  if (address === undefined || address === '' || /[\x00-\x1f\x7f]/.test(address)) return undefined;
  return `${type};${address}`;
}
