// [dns]: how names are looked up.

import { parseNameServer } from '../../values/endpoint.ts';
import { duration, key, listOf, tableOf, textOf, wholeNumber, yesNo } from './fields.ts';

export const dns = tableOf({
  servers: key(
    listOf(
      textOf('a name server such as "192.0.2.53"', parseNameServer),
      'name servers such as ["192.0.2.53", "127.0.0.1:5353"]',
    )
      .min(1, 'must name one server at least, or be left out')
      .optional(),
    'Name servers to ask, by IP address, with a port if it is not 53. A caching resolver on the same host is best.',
    { defaultText: 'those of /etc/resolv.conf', example: '["127.0.0.1"]' },
  ),
  validating: key(
    yesNo().default(false),
    'The servers validate answers by DNSSEC, so that Sluice can trust them and use DANE (RFC 7672). They must be on this host, because anybody on the way from another one could forge what they say; so servers has to be set, too, to loopback addresses.',
  ),
  timeout: key(duration(1).prefault('3s'), 'How long a name server may take before the next one is asked.'),
  attempts: key(
    wholeNumber(1, 20).default(3),
    'How often each question is asked, over all servers together, before the lookup fails temporarily.',
  ),
  max_questions: key(
    wholeNumber(1, 100_000).default(1000),
    'Questions under way at the same time; further ones wait. They use at most a quarter of the open files that this process may have.',
  ),
  unanswered_after: key(
    duration(10).prefault('250ms'),
    'When max_questions is reached and others wait, a question without an answer moves to the limit max_unanswered after this time. It keeps waiting for its answer.',
  ),
  max_unanswered: key(
    wholeNumber(1, 100_000).default(10_000),
    'Questions without an answer that count here instead of in max_questions, so that dead domains do not delay others. Open files may allow fewer.',
  ),
  min_ttl: key(
    duration().prefault('5s'),
    'Answers are kept for at least this long, even when their TTL is lower.',
  ),
  max_ttl: key(
    duration().prefault('1d'),
    'Answers are kept for at most this long, even when their TTL is higher.',
  ),
  negative_ttl: key(
    duration().prefault('15m'),
    'Answers that a name or a record does not exist are kept for at most this long (RFC 2308).',
  ),
  cache_entries: key(
    wholeNumber(0, 100_000_000).default(100_000),
    'The most answers kept, of all kinds together (a domain takes about three). The least recently used ones make room.',
  ),
}).refine((value) => value.min_ttl <= value.max_ttl, {
  message: 'must not be more than max_ttl',
  path: ['min_ttl'],
});
