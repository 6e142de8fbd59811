// [[etrn]]: servers that are asked for the mail that waits there (RFC 1985), on the side of the primary server.

import { readEtrnNode } from '../../values/etrn-node.ts';
import { ValueError } from '../../values/value-error.ts';
import { duration, key, listOf, oneOf, tableOf, textOf, yesNo } from './fields.ts';
import { relayHosts } from './route-else.ts';
import { plainLevels } from './tls.ts';
import { credentialName } from './texts.ts';

/** Each is a command, and a look at the queue of the other server. */
const mostNodes = 20;
/** RFC 1985 4: a server may refuse to be asked again and again. */
const leastEveryMs = 60_000;

function nodeOf(text: string): string {
  const node = readEtrnNode(text);
  if (node === undefined)
    throw new ValueError(`"${text}" is neither a domain, nor "@" and a domain, nor "#" and a name`);
  return text;
}

const etrnTable = tableOf({
  relay: key(
    relayHosts(),
    'The servers that keep mail while this one is away, such as a backup MX. Each is asked by itself. They are written as in relay of a [[route]].',
    { example: '["mx2.example.org"]' },
  ),
  ask: key(
    listOf(textOf('a domain such as "example.org"', nodeOf), 'domains such as ["example.org"]')
      .min(1, 'must name one domain at least')
      .max(mostNodes, `must have ${mostNodes} entries at most`),
    'Whose mail to ask for: a domain, "@" and a domain for it and all under it, or "#" and the name of a queue of the other server (with Sluice, of its [[route]]).',
    { example: '["example.org"]' },
  ),
  at_start: key(
    yesNo().default(true),
    'Ask when Sluice has started and takes mail, and when a reload has changed this table. A server that cannot be asked is asked again, after 1 s at first and after 30 min at last.',
  ),
  every: key(duration(leastEveryMs).optional(), 'Ask again after this time, each time.', {
    defaultText: 'not',
    example: '"1h"',
  }),
  tls: key(oneOf(plainLevels).optional(), 'Which TLS the connections must have, as in a [[route]].', {
    defaultText: 'that of a [[tls]], or tls in [deliver]',
    example: '"verified"',
  }),
  credential: key(
    textOf('a name such as "provider"', credentialName).optional(),
    'The name of the [[credential]] to log in with, for servers that take ETRN from those alone.',
    { example: '"provider"' },
  ),
});

export const etrnTables = listOf(etrnTable, 'tables: [[etrn]]');
