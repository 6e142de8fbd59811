// ETRN (RFC 1985): a client asks for the mail that waits for a domain to be sent on. Promise: what is asked for is bounded, and holds no control
// character.

import { type EtrnNode, readEtrnNode } from '../../../values/etrn-node.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';
import type { SessionFacts } from './session-facts.ts';

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
  const node = readEtrnNode(text.trim());
  return node === undefined ? Replies.etrnSyntax : { kind: 'etrn', node };
}
