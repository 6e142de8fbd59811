// [[stage]] of kind "client-checks": how a client shows itself.

import { parseDomainPattern } from '../../../values/domain.ts';
import { checkActions } from '../../../values/client-check.ts';
import { duration, key, listOf, oneOf, textOf } from '../fields.ts';
import { markFieldName } from '../texts.ts';
import { exceptions } from './defence-keys.ts';
import { stageKind } from './stage-kind.ts';

function action(description: string) {
  return key(oneOf(checkActions).default('off'), description);
}

function names(description: string) {
  return key(
    listOf(
      textOf('a name such as "mx.example.com" or "*.example.com"', parseDomainPattern),
      'names such as ["mx.example.com", "*.example.net"]',
    ).default([]),
    description,
  );
}

export const clientChecksStage = stageKind(
  'client-checks',
  'checks of how a client shows itself: HELO, its name in the reverse DNS, the domain of its sender. Each has its own consequence: "off", "mark" (a field says so), "quarantine", "tempfail" (450), "reject" (550). It is asked after the relay check and [[recipients]]. docs/defences.md says more.',
  {
    helo_syntax: action(
      'The name in HELO or EHLO is neither a host name nor an address literal: an IP address stands in brackets.',
    ),
    helo_not_qualified: action('The name in HELO is a name without a dot.'),
    helo_literal: action('The address literal in HELO is not the address of the client.'),
    helo_is_ours: action(
      'The name in HELO is hostname, one of own_names, or the address of this host, in brackets or without: the client pretends to be this server.',
    ),
    helo_unknown: action('The name in HELO has neither address nor MX.'),
    helo_unconfirmed: action('The name in HELO does not have the address of the client.'),
    name_missing: action('The address of the client has no name in the reverse DNS.'),
    name_unconfirmed: action('The name in the reverse DNS does not lead back to the address of the client.'),
    name_generic: action(
      'The name of the client is made of its address, as providers name the lines of their customers, or is one of generic_names.',
    ),
    sender_not_qualified: action('The domain in MAIL FROM is a name without a dot.'),
    sender_unknown: action('The domain in MAIL FROM has neither MX nor address, so that nobody can answer.'),
    sender_null_mx: action('The domain in MAIL FROM says that it takes no mail (null MX, RFC 7505).'),
    lookup_failure: key(
      oneOf(['off', 'mark', 'tempfail']).default('off'),
      'What happens when a check cannot be made, since the DNS fails.',
    ),
    lookup_timeout: key(
      duration(1000, 60_000).prefault('5s'),
      'How long the DNS may take. After that, a check cannot be made.',
    ),
    own_names: names('Names for helo_is_ours, beside hostname.'),
    generic_names: names('Names of clients for name_generic, beside those that are made of the address.'),
    not_generic: names('Names of clients that are not generic, whatever they look like.'),
    field: key(
      textOf('the name of a field', markFieldName).prefault('X-Client-Checks'),
      'The field for "mark". Fields of this name that come in are taken out.',
    ),
    except_clients: exceptions.except_clients,
    except_names: exceptions.except_names,
    except_senders: exceptions.except_senders,
  },
  'unknown',
);
