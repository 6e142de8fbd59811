// [reports]: reports to other domains about their mail, that programs read.

import { z } from 'zod';

import { parseDomainPattern } from '../../values/domain.ts';
import { ValueError } from '../../values/value-error.ts';
import { expected, key, listOf, tableOf, textOf, wholeNumber, yesNo } from './fields.ts';
import { mailbox } from './texts.ts';

/** A text that stands in a report: one line of printable characters. */
function lineText(text: string): string {
  if (/^[^\s\p{C}](?:[^\p{C}]{0,198}[^\s\p{C}])?$/u.test(text)) return text;
  throw new ValueError('must be 1 to 200 characters on one line, with no space around them');
}

export const reports = tableOf({
  tls: key(
    yesNo().optional(),
    'Once a day, each recipient domain that asks for it is told what TLS came to with its hosts (RFC 8460).',
    { defaultText: 'true where a [[signing_key]] is for the domain of from', example: 'true' },
  ),
  dmarc: key(
    yesNo().default(false),
    'Once a day, each domain whose DMARC record asks for it is told what became of mail with this domain in From (RFC 9990). It is about the mail that is verified, so [verification] has to be on, or in test.',
  ),
  dmarc_exclude: key(
    listOf(
      textOf('a domain such as "example.com" or "*.example.com"', parseDomainPattern),
      'domains such as ["example.com"]',
    ).prefault([]),
    'Domains that get no DMARC report, such as your own.',
    { example: '["example.com", "*.example.com"]' },
  ),
  dmarc_min_messages: key(
    wholeNumber(1, 1_000_000).default(1),
    'A domain of which fewer messages came on a day gets no DMARC report about that day.',
  ),
  organization: key(textOf('a name such as "Example Ltd"', lineText).optional(), 'Who reports, for people.', {
    defaultText: 'hostname',
    example: '"Example Ltd"',
  }),
  contact: key(
    textOf('a mail address', mailbox).optional(),
    'The mail address for questions about reports.',
    { defaultText: 'postmaster of [bounce], else postmaster@hostname', example: '"postmaster@example.com"' },
  ),
  extra_contact: key(
    textOf('a text such as "https://example.com/reports"', lineText).optional(),
    'More about how to get in touch, such as the address of a page.',
    { defaultText: 'nothing', example: '"https://example.com/reports"' },
  ),
  from: key(
    textOf('a mail address', mailbox).optional(),
    'The address from which reports come. Its domain must have a [[signing_key]]: receivers throw unsigned reports away, so Sluice sends none.',
    { defaultText: 'reports@hostname', example: '"reports@example.com"' },
  ),
  max_per_hour: key(
    wholeNumber(1, 100_000).default(1000),
    'Reports that are sent in an hour, evenly. Further ones go later.',
  ),
  max_per_destination: key(
    wholeNumber(1, 100_000).default(200),
    'Reports about one day that go to one domain or host: somebody could ask in the name of many domains for reports to a stranger. Further ones are not sent.',
  ),
  ca: key(
    z
      .string({ error: expected('the name of a file') })
      .min(1, 'must not be empty')
      .optional(),
    'The file of the authorities (PEM) that HTTPS servers for reports must have their certificates from.',
    { defaultText: "the system's", example: '"/etc/sluice/ca.pem"' },
  ),
  private_networks: key(
    yesNo().default(false),
    'Reports by HTTPS may go to addresses of private networks and of this host. Records of strangers say where they go, so this is for closed networks alone.',
  ),
});
