// Parameters of RCPT: NOTIFY and ORCPT (RFC 3461 4.1, 4.2; RFC 6533 3 for international addresses).

import { readOriginalRecipient } from './dsn-text.ts';
import { endsAt, splitParameters } from './parameters.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';
import type { RcptNotify, RcptParameters, ServerExtensions } from './server-types.ts';

const noParameters: RcptParameters = Object.freeze({});

/**
 * Reads the parameters that begin at `start`, after the forward path, or returns the reply that refuses them.
 *
 * @param smtpUtf8 - whether SMTPUTF8 was given on MAIL
 */
export function readRcptParameters(
  text: string,
  start: number,
  extensions: ServerExtensions,
  smtpUtf8: boolean,
): { readonly params: RcptParameters } | { readonly refusal: FixedReply } {
  if (endsAt(text, start)) return { params: noParameters };
  const parameters = splitParameters(text, start);
  if ('code' in parameters) return { refusal: parameters };
  const params: { notify?: RcptNotify; originalRecipient?: string } = {};
  for (const { keyword, value } of parameters) {
    if (!extensions.dsn) return { refusal: Replies.parameterUnknown };
    if (keyword === 'NOTIFY') {
      const notify = readNotify(value);
      if (notify !== undefined) params.notify = notify;
    } else if (keyword === 'ORCPT') {
      const originalRecipient = readOriginalRecipient(value, smtpUtf8);
      if (originalRecipient !== undefined) params.originalRecipient = originalRecipient;
    } else {
      return { refusal: Replies.parameterUnknown };
    }
  }
  return { params };
}

/**
 * Reads NOTIFY: NEVER, or a list of the other words (RFC 3461 4.1). Unknown words are ignored, and so is NEVER together with others:
 * an unwanted report is better than one that a sender waits for in vain. Undefined: as if NOTIFY had not been given.
 */
function readNotify(value: string | undefined): RcptNotify | undefined {
  const words = new Set(value?.toUpperCase().split(','));
  const [success, failure, delay] = [words.has('SUCCESS'), words.has('FAILURE'), words.has('DELAY')];
  const never = words.has('NEVER') && !success && !failure && !delay;
  return never || success || failure || delay ? { never, success, failure, delay } : undefined;
}
