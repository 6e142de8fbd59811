// ETRN (RFC 1985): a client asks for the mail that waits for a domain to be sent on. Promise: what is asked for is bounded, and holds no control
// character.

import { normalizeDomain } from '../../../address/domain.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';
import type { EtrnNode } from './server-types.ts';
import type { SessionFacts } from './session-facts.ts';

/** A name of a queue, which is agreed on (RFC 1985 5): the name of a route. */
const queueName = /^[\x21-\x7e]{1,64}$/;

/**
 * Reads ETRN in the present state of the session.
 * @param text - the line after the verb
 */
export function judgeEtrn(
  text: string,
  { dialect, saidHello, transaction }: Pick<SessionFacts, 'dialect' | 'saidHello' | 'transaction'>,
): { readonly kind: 'etrn'; readonly node: EtrnNode } | FixedReply {
  // RFC 1985 5.2: not before EHLO.
  if (!saidHello) return dialect.helloFirst;
  if (transaction.open) return Replies.etrnInTransaction;
  const node = readNode(text.trim());
  return node === undefined ? Replies.etrnSyntax : { kind: 'etrn', node };
}

/** RFC 1985 5: a domain, `@` and a domain for those under it, too, or `#` and the name of a queue. */
function readNode(text: string): EtrnNode | undefined {
  const option = text[0];
  if (option === '#') {
    const name = text.slice(1);
    return queueName.test(name) ? { form: 'queue', name } : undefined;
  }
  const name = normalizeDomain(option === '@' ? text.slice(1) : text);
  if (name === undefined || name.startsWith('[')) return undefined;
  return { form: option === '@' ? 'subdomains' : 'domain', name };
}
