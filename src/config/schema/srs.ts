// [srs]: how senders of mail that is passed on are rewritten, where a [[route]] says so.

import { z } from 'zod';

import { parseDomain, parseDomainPattern } from '../../values/domain.ts';
import { duration, expected, key, listOf, oneOf, tableOf, textOf, wholeNumber, yesNo } from './fields.ts';

const dayMs = 86_400_000;

export const srs = tableOf({
  domain: key(
    textOf('a domain such as "srs.example.com"', parseDomain).optional(),
    'The domain of the addresses that are written in place of foreign senders. Its MX must be this server, because bounces go there, and its SPF record must allow this server; docs/srs.md has both. Best is a domain that is used for nothing else.',
    { example: '"srs.example.com"' },
  ),
  secret_file: key(
    z
      .string({ error: expected('the name of a file') })
      .min(1, 'must not be empty')
      .optional(),
    'The file with the secrets that sign the addresses: one on each line; the first signs, and all are good for addresses that come back. "sluice srs secret" makes it. Only its owner, and at most a group, may read it. It is read again within five seconds when it changes.',
    { example: '"/etc/sluice/srs.secret"' },
  ),
  expiry: key(
    // After 1024 days the days in addresses begin anew.
    duration(dayMs, 365 * dayMs).prefault('21d'),
    'For so long mail to an address of ours is accepted. Bounces come within days; others may collect addresses and send junk to them until they expire.',
  ),
  keep: key(
    listOf(
      textOf('a domain such as "example.com" or "*.example.com"', parseDomainPattern),
      'domains such as ["example.com"]',
    ).default([]),
    'Sender domains that are never rewritten, because this server may send for them. hostname, relay_domains and the domains of [[signing_key]] count among them in any case.',
    { example: '["example.org", "*.example.org"]' },
  ),
  too_long: key(
    oneOf(['keep', 'rewrite']).default('keep'),
    'What becomes of a sender whose address would have more than 64 octets before the "@", which is the most that every server has to take (RFC 5321 4.5.3.1.1). "keep": the sender stays as it is, and SPF fails there. "rewrite": it is rewritten nevertheless, and some servers refuse it.',
  ),
  bounces_only: key(
    yesNo().default(false),
    'Take mail to addresses of ours only if its sender is empty, as that of every bounce is. Answers that programs write with a sender of their own are then refused.',
  ),
  separator: key(
    oneOf(['=', '+', '-']).default('='),
    'The character behind SRS0 and SRS1 in addresses that are made. All of them are understood.',
  ),
  hash_length: key(
    wholeNumber(4, 20).default(4),
    'Characters of the hash. Addresses with a shorter one are refused, so those made before it was raised are, too.',
  ),
});
