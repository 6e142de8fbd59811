// Variable envelope return paths (VERP): each recipient's copy has a sender of its own, which names the recipient, so that a bounce
// tells by the address that it comes to whom it is about, whatever it says. D. J. Bernstein's, in the form of Postfix's VERP_README.

import { asciiDomain, localPartOf, partsOf } from './mailbox-parts.ts';

/**
 * `list@example.org` for `user@example.com` becomes `list+user=example.com@example.org`. The null sender stays: bounces have no sender.
 *
 * @param sender - the reverse path, without brackets
 * @param recipient - the forward path, without brackets
 * @param delimiters - before the recipient, and in place of its `@`
 */
export function verpAddress(sender: string, recipient: string, delimiters: string): string {
  if (sender === '') return sender;
  const { content, domain } = partsOf(sender);
  const of = partsOf(recipient);
  const [before = '', at = ''] = delimiters;
  const local = localPartOf(`${content}${before}${of.content}${at}${asciiDomain(of.domain)}`);
  return domain === '' ? local : `${local}@${domain}`;
}
