// The address that a client gave for a recipient that a stage has replaced, kept as the ORCPT of the recipient (RFC 3461 5.2.1).

import type { RcptParameters } from '../protocol/smtp/server/server-types.ts';

/** Longer ones are not kept, as of those that clients give (`dsn-text.ts`). */
const maxOriginalOctets = 500;

/** With the address that the client gave as ORCPT, if it gave none. RFC 6533 3: an address that is not ASCII has the type utf-8. */
export function withOriginal(params: RcptParameters, address: string): RcptParameters {
  if (params.originalRecipient !== undefined || Buffer.byteLength(address) > maxOriginalOctets) return params;
  const type = /^[\x20-\x7e]*$/.test(address) ? 'rfc822' : 'utf-8';
  return { ...params, originalRecipient: `${type};${address}` };
}
