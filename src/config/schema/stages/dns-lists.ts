// [[stage]] of kind "dns-lists": lists in the DNS of clients and domains.

import { parseDomain, parseDomainPattern } from '../../../values/domain.ts';
import { parseListAnswer } from '../../../values/list-answer.ts';
import { listSubjects } from '../../../values/list-subject.ts';
import { duration, key, listOf, oneOf, tableOf, textOf, wholeNumber } from '../fields.ts';
import { markFieldName, greetingText, labelText } from '../texts.ts';
import { exceptions } from './defence-keys.ts';
import { stageKind } from './stage-kind.ts';

const mostLists = 64;

function weight() {
  return wholeNumber(-1000, 1000)
    .refine((value) => value !== 0, 'must not be 0: such a list would change nothing')
    .default(1);
}

function threshold() {
  return wholeNumber(1, 100_000).optional();
}

const list = tableOf({
  zone: key(
    textOf('a zone such as "zen.example.org"', parseDomain),
    'The zone of the list, below which it is asked.',
    { example: '"zen.example.org"' },
  ),
  about: key(
    oneOf(listSubjects).default('client'),
    'What it is asked about. "client": the IP address of the client. "helo": the name in HELO or EHLO. "sender": the domain in MAIL FROM. "reply": the domains in From and Reply-To, when the header is there.',
  ),
  answers: key(
    listOf(
      textOf('an answer such as "127.0.0.2", "127.0.0.4-127.0.0.7" or "&8"', parseListAnswer),
      'answers such as ["127.0.0.2", "127.0.0.4-127.0.0.7"]',
    )
      .min(1, 'must name one answer at least')
      .optional(),
    'The answers that count: addresses, ranges and networks of 127.0.0.0/8, and "&8" for those that have this bit in their last octet.',
    { defaultText: 'all', example: '["127.0.0.2", "127.0.0.4-127.0.0.7"]' },
  ),
  weight: key(
    weight(),
    'What it adds to the score of the message when the client or domain is on it. Below 0 for a list of those who are trusted.',
  ),
  shown_as: key(
    textOf('a name', labelText).optional(),
    'What clients and the log are told in place of the zone, for a zone that has a secret key in its name.',
    { defaultText: 'zone', example: '"zen.example.org"' },
  ),
  text: key(
    textOf('a text', greetingText).optional(),
    'What clients are told in place of what the list says of them.',
    { defaultText: 'the TXT record of the list', example: '"see https://example.org/why"' },
  ),
});

export const dnsListsStage = stageKind(
  'dns-lists',
  'lists in the DNS (DNSBL, RFC 5782) of addresses and domains that are not wanted, or trusted. Each adds its weight to a score, and the score decides. It is asked after the relay check and [[recipients]]. docs/defences.md says more.',
  {
    list: key(
      listOf(list, 'tables: [[stage.list]]')
        .min(1, 'must have one list at least')
        .max(mostLists, `may have ${mostLists} lists at most`),
      'Each list, as [[stage.list]] below its [[stage]].',
    ),
    reject_at: key(threshold(), 'From this score on, recipients are refused (550 5.7.1).', {
      defaultText: 'never',
      example: '1',
    }),
    tempfail_at: key(threshold(), 'From this score on, the client is asked to try again later (450 4.7.1).', {
      defaultText: 'never',
      example: '2',
    }),
    quarantine_at: key(threshold(), 'From this score on, the message is held.', {
      defaultText: 'never',
      example: '2',
    }),
    mark_at: key(
      threshold(),
      'From this score on, the message gets a field that says so. Fields of this name that come in are taken out.',
      { defaultText: 'never', example: '1' },
    ),
    field: key(
      textOf('the name of a field', markFieldName).prefault('X-DNS-Lists'),
      'The field for mark_at.',
    ),
    lookup_timeout: key(
      duration(1000, 60_000).prefault('5s'),
      'How long a list may take for its answer. After that it has no say.',
    ),
    except_clients: exceptions.except_clients,
    except_names: exceptions.except_names,
    except_senders: exceptions.except_senders,
    except_domains: key(
      listOf(
        textOf('a domain such as "example.com" or "*.example.com"', parseDomainPattern),
        'domains such as ["example.com", "*.example.net"]',
      ).default([]),
      'Domains that no list is asked about, in HELO, MAIL FROM, From and Reply-To.',
    ),
  },
  'unknown',
);
