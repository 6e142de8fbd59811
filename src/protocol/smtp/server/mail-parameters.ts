// Parameters of MAIL: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461), AUTH (RFC 4954 5),
// MT-PRIORITY (RFC 6710), REQUIRETLS (RFC 8689), XVERP (Postfix's VERP_README).

import { parseMailbox } from '../../../address/path.ts';
import { areVerpDelimiters, usualVerpDelimiters } from '../../../values/verp-delimiters.ts';
import { parsePriority } from '../priority-value.ts';
import { decodeXtext } from '../xtext.ts';
import { readEnvelopeId } from './dsn-text.ts';
import { endsAt, splitParameters } from './parameters.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';
import type { MailParameters, ServerExtensions } from './server-types.ts';

/** What is offered in this session, and not in all of its listener. */
interface SessionOffers {
  readonly takesRequireTls: boolean;
  readonly takesVerp: boolean;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const noParameters: MailParameters = Object.freeze({ sizeBytes: 0, body: '7BIT', smtpUtf8: false });

/** RFC 1870 4: up to 20 digits. */
const sizeValue = /^[0-9]{1,20}$/;

/**
 * Reads the parameters that begin at `start`, after the reverse path, or returns the reply that refuses them.
 * @param offers - whether REQUIRETLS and XVERP are offered
 */
export function readMailParameters(
  text: string,
  start: number,
  extensions: ServerExtensions,
  offers: SessionOffers,
): { readonly params: MailParameters } | { readonly refusal: FixedReply } {
  if (endsAt(text, start)) return { params: noParameters };
  const parameters = splitParameters(text, start);
  if ('code' in parameters) return { refusal: parameters };
  const params: Writable<MailParameters> = { ...noParameters };
  for (const { keyword, value } of parameters) {
    const refusal =
      keyword === 'REQUIRETLS'
        ? readRequireTls(params, value, offers.takesRequireTls)
        : keyword === 'XVERP'
          ? readVerp(params, value, offers.takesVerp)
          : readParameter(params, keyword, value, extensions);
    if (refusal !== undefined) return { refusal };
  }
  return { params };
}

/** RFC 8689 2: it has no value, and is known in sessions under TLS alone. */
function readRequireTls(
  params: Writable<MailParameters>,
  value: string | undefined,
  takesRequireTls: boolean,
): FixedReply | undefined {
  if (!takesRequireTls) return Replies.parameterUnknown;
  if (value !== undefined) return Replies.parameterValue;
  params.requireTls = true;
  return undefined;
}

/** Without a value, it asks for the usual delimiters. */
function readVerp(
  params: Writable<MailParameters>,
  value: string | undefined,
  takesVerp: boolean,
): FixedReply | undefined {
  if (!takesVerp) return Replies.parameterUnknown;
  if (value !== undefined && !areVerpDelimiters(value)) return Replies.verpDelimiters;
  params.verp = value ?? usualVerpDelimiters;
  return undefined;
}

function readParameter(
  params: Writable<MailParameters>,
  keyword: string,
  value: string | undefined,
  extensions: ServerExtensions,
): FixedReply | undefined {
  switch (keyword) {
    case 'SIZE':
      if (!extensions.size) return Replies.parameterUnknown;
      if (value === undefined || !sizeValue.test(value)) return Replies.parameterValue;
      params.sizeBytes = Number(value);
      return undefined;
    case 'BODY':
      return extensions.eightBitMime ? readBody(params, value) : Replies.parameterUnknown;
    case 'SMTPUTF8':
      if (!extensions.smtpUtf8) return Replies.parameterUnknown;
      if (value !== undefined) return Replies.parameterValue; // RFC 6531 3.4
      params.smtpUtf8 = true;
      return undefined;
    case 'RET': {
      if (!extensions.dsn) return Replies.parameterUnknown;
      // Any other value is ignored, as if RET had not been given.
      const ret = value?.toUpperCase();
      if (ret === 'FULL' || ret === 'HDRS') params.ret = ret;
      return undefined;
    }
    case 'ENVID': {
      if (!extensions.dsn) return Replies.parameterUnknown;
      const envelopeId = readEnvelopeId(value);
      if (envelopeId !== undefined) params.envelopeId = envelopeId;
      return undefined;
    }
    case 'AUTH': {
      // RFC 4954 5: a relay may use it even when clients do not authenticate.
      const auth = value === undefined ? undefined : decodeXtext(value);
      if (auth === undefined || (auth !== '<>' && parseMailbox(auth).kind === 'invalid'))
        return Replies.parameterValue;
      params.auth = auth;
      return undefined;
    }
    case 'MT-PRIORITY': {
      if (extensions.mtPriority !== true) return Replies.parameterUnknown;
      // RFC 6710 4.1: any other value is a syntax error.
      const priority = value === undefined ? undefined : parsePriority(value);
      if (priority === undefined) return Replies.parameterValue;
      params.priority = priority;
      return undefined;
    }
    default:
      return Replies.parameterUnknown;
  }
}

function readBody(params: Writable<MailParameters>, value: string | undefined): FixedReply | undefined {
  const body = value?.toUpperCase();
  if (body === '7BIT' || body === '8BITMIME') {
    params.body = body;
    return undefined;
  }
  // RFC 3030 3: BINARYMIME is an extension that is not offered.
  return body === 'BINARYMIME' ? Replies.parameterUnknown : Replies.parameterValue;
}
