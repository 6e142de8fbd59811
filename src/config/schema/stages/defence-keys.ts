// Keys that the kinds of [[stage]] have which are defences against strangers.

import { parseResultCondition } from '../../../values/result-condition.ts';
import { parseDomainPattern, parseSenderPattern } from '../../../values/domain.ts';
import { key, listOf, textOf } from '../fields.ts';
import { networks } from '../lists.ts';

/** Whom it leaves alone. */
export const exceptions = {
  except_clients: key(networks().default([]), 'Clients that it leaves alone, by network.', {
    example: '["192.0.2.0/24"]',
  }),
  except_names: key(
    listOf(
      textOf('a name such as "mx.example.com" or "*.example.com"', parseDomainPattern),
      'names such as ["mx.example.com", "*.example.net"]',
    ).default([]),
    'Clients that it leaves alone, by their name in the DNS, which must lead back to their address. The name is looked up where nothing else has decided.',
    { example: '["*.example.com"]' },
  ),
  except_senders: key(
    listOf(
      textOf('a sender such as "user@example.com" or "example.com"', parseSenderPattern),
      'senders such as ["user@example.com", "example.net", "<>"]',
    ).default([]),
    'Envelope senders that it leaves alone: addresses, domains, or "<>" for bounces. Anybody can write any sender.',
    { example: '["news@example.com", "example.net"]' },
  ),
  except_results: key(
    listOf(
      textOf('a condition such as "verification.spf=pass"', parseResultCondition),
      'conditions such as ["verification.spf=pass"]',
    ).default([]),
    'It leaves mail alone of which a stage before it has found this out: STAGE.KEY=VALUE. One of them is enough. What verification finds out is known at DATA (spf, spfDomain, spfHelo, iprev, clientName) or at the end of a message (dkim, dkimDomains, dmarc, arc, author): then it is asked that late.',
    { example: '["verification.spf=pass"]' },
  ),
};
