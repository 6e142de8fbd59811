// [[rewrite]]: which addresses of messages become others.

import { z } from 'zod';

import { addressClasses } from '../../values/address-classes.ts';
import { isBelow, parseDomain } from '../../values/domain.ts';
import { formatListenAddress, parseListenAddress } from '../../values/listen-address.ts';
import { ValueError } from '../../values/value-error.ts';
import { expected, key, listOf, oneOf, tableOf, textOf, yesNo } from './fields.ts';
import { subaddressSeparators } from './texts.ts';

function listenName(text: string): string {
  return formatListenAddress(parseListenAddress(text));
}

/** `example.com`, or `!example.com` for one whose addresses stay as they are. */
function masqueradeDomain(text: string): { readonly domain: string; readonly isKept: boolean } {
  const isKept = text.startsWith('!');
  if (text.includes('*'))
    throw new ValueError(`"${text}": write the domain alone; it stands for all that is under it`);
  return { domain: parseDomain(isKept ? text.slice(1) : text), isKept };
}

function localPart(text: string): string {
  if (text.includes('@') || text.trim() !== text || text === '')
    throw new ValueError(`"${text}" is not the part of an address before its @, such as "root"`);
  return text.toLowerCase();
}

const rewrite = tableOf({
  kind: key(
    oneOf(['canonical', 'masquerade']),
    '"canonical": addresses are looked up in a table, which has new ones for them. "masquerade": the names of hosts are taken off, so that joe@host.example.com becomes joe@example.com.',
    { example: '"canonical"' },
  ),
  table: key(
    z.string({ error: expected('the name of a [[table]]') }).optional(),
    'For canonical: the name of the [[table]] with old and new addresses: "joe@old.example joe.smith@new.example"; "@old.example @new.example" for all of a domain; "joe joe.smith@new.example" for a user of local_domains.',
    { defaultText: 'none', example: '"canonical"' },
  ),
  of: key(
    listOf(oneOf(addressClasses), `${addressClasses.map((each) => `"${each}"`).join(', ')}`)
      .min(1, 'must name one at least')
      .optional(),
    'Which addresses: of the sender and the recipients of the envelope, and in the fields of the header with senders (From, Sender, Reply-To and others) and with recipients (To, Cc, Bcc and others).',
    {
      defaultText: 'all; for masquerade all but "envelope-recipient"',
      example: '["envelope-sender", "header-sender"]',
    },
  ),
  subaddress: key(
    textOf('separators such as "+"', subaddressSeparators).optional(),
    'For canonical: characters that separate a mailbox from what its owner adds to it. With "+", joe+lists@old.example is looked up as it is, and then as joe@old.example.',
    { defaultText: 'none', example: '"+"' },
  ),
  keep_subaddress: key(
    yesNo().optional(),
    'For canonical: what was left out for the look-up is part of the new address: joe+lists@old.example becomes joe.smith+lists@new.example.',
    { defaultText: 'true', example: 'false' },
  ),
  local_domains: key(
    listOf(
      textOf('a domain such as "example.com"', parseDomain),
      'domains such as ["example.com"]',
    ).optional(),
    'For canonical: domains whose users the table may know by their name alone, without a domain.',
    { defaultText: 'hostname', example: '["example.com", "mail.example.com"]' },
  ),
  domains: key(
    listOf(
      textOf('a domain such as "example.com" or "!keep.example.com"', masqueradeDomain),
      'domains such as ["example.com"]',
    )
      .min(1, 'must name one domain at least')
      .optional(),
    'For masquerade: addresses of all domains under these become addresses of these. With "!" in front, they stay as they are. The first that matches counts.',
    { defaultText: 'none', example: '["!lab.example.com", "example.com"]' },
  ),
  exceptions: key(
    listOf(textOf('the part of an address before its @', localPart), 'names such as ["root"]').optional(),
    'For masquerade: users whose addresses stay as they are, by the part before the @.',
    { defaultText: 'none', example: '["root"]' },
  ),
  where: key(
    oneOf(['submission', 'everywhere']).default('submission'),
    '"submission": mail of clients that have logged in or may relay, and of programs of this host. "everywhere": mail of all others, too.',
  ),
  listen: key(
    listOf(textOf('a listener such as "192.0.2.1:587"', listenName), 'addresses of [[listen]]')
      .min(1, 'must name one listener at least')
      .optional(),
    'Only mail that comes in at these listeners, by their address.',
    { defaultText: 'all', example: '["192.0.2.1:587"]' },
  ),
  tenant: key(
    listOf(z.string({ error: expected('the name of a tenant') }), 'names of tenants')
      .min(1, 'must name one tenant at least')
      .optional(),
    'Only mail of these tenants.',
    { defaultText: 'any mail', example: '["customers"]' },
  ),
});

const keysOf = {
  canonical: ['table', 'subaddress', 'keep_subaddress', 'local_domains'],
  masquerade: ['domains', 'exceptions'],
} as const;

/** In the order of the file, in which they are applied. */
export const rewrites = listOf(rewrite, 'tables: [[rewrite]]').superRefine((all, context) => {
  for (const [index, each] of all.entries()) {
    const add = (message: string, ...at: (string | number)[]): void =>
      context.addIssue({ code: 'custom', message, path: [index, ...at] });
    const { kind } = each;
    const other = kind === 'canonical' ? 'masquerade' : 'canonical';
    for (const name of keysOf[other])
      if (each[name] !== undefined) add(`is only for kind = "${other}", and this one is "${kind}"`, name);
    if (kind === 'canonical' && each.table === undefined)
      add('kind = "canonical" needs table, with the name of a [[table]]', 'kind');
    if (kind === 'masquerade' && each.domains === undefined)
      add('kind = "masquerade" needs domains, such as ["example.com"]', 'kind');
    for (const [at, { domain }] of (each.domains ?? []).entries()) {
      const earlier = each.domains
        ?.slice(0, at)
        .find((one) => one.domain === domain || isBelow(domain, one.domain));
      if (earlier !== undefined)
        add(`never counts, since "${earlier.domain}" stands before it and matches all of it`, 'domains', at);
    }
  }
});
