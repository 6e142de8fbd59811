// What Gmail and Google Workspace answer. Rate limits on our address slow the site; those on a sender's domain, a link or a
// mailbox concern that mail alone.

import type { ReactionRule } from '../types.ts';
import { onlyThisMessage, rulesOf, slow } from './rule-list.ts';

const hosts = ['*.google.com', '*.googlemail.com'];
const source =
  'https://knowledge.workspace.google.com/admin/support/troubleshooting/gmail-smtp-errors-and-codes';

export const googleReactions: readonly ReactionRule[] = rulesOf('gmail', hosts, source, [
  ['one mailbox gets mail too quickly', '450', '4.2.1*receiving *mail too quickly', onlyThisMessage],
  ['one mailbox gets too much mail', '450', '4.2.1*receiving *mail at a rate', onlyThisMessage],
  ['the sender is not authenticated', '421', '4.7.26', onlyThisMessage],
  ['the sender fails SPF', '421', '4.7.27', onlyThisMessage],
  ['the sender has a suspicious SPF record', '451', '4.7.24', onlyThisMessage],
  ['unusual rate of a DKIM domain', '421', '4.7.28*dkim domain', onlyThisMessage],
  ['unusual rate of an SPF domain', '421', '4.7.28*spf domain', onlyThisMessage],
  ['unusual rate of a link', '421', '4.7.28*url domain', onlyThisMessage],
  ['unusual rate from our address', '421', '4.7.28', slow(30)],
  ['unusual rate from our address (until 2023)', '421', '4.7.0*unusual rate of *unsolicited mail', slow(30)],
  ['our address has no PTR record', '4', 'ptr record*rate limited', slow(60)],
  ['our address has a very low reputation', '421', 'very low reputation of the sending ip', slow(60)],
  [
    'the sender has a very low reputation',
    '421',
    'very low reputation of the sending domain',
    onlyThisMessage,
  ],
  ['the content is suspicious', '421', 'suspicious due to the nature of the content', onlyThisMessage],
  ['the connection is too old', '421', '4.7.0*connection expired', onlyThisMessage],
  ['the recipient wants TLS', '421', '4.7.0*tls required', onlyThisMessage],
  ['the recipient does not know our address', '421', '4.7.0*not in whitelist', onlyThisMessage],
  ['closes connections', '421', '4.7.0*try again later, closing connection', slow(10)],
  ['server busy', '421', '4.4.5', slow(5)],
  ['system problem', '421', '4.3.0', slow(5)],
]);
