// [[signing_key]]: private keys that sign outgoing mail by DKIM, and whose mail each of them signs.

import { z } from 'zod';

import { parseDomain, parseDomainPattern, parseMailbox } from '../../values/domain.ts';
import { checkDomain } from '../../values/domain-name.ts';
import { ValueError } from '../../values/value-error.ts';
import { duration, expected, key, listOf, oneOf, tableOf, textOf, yesNo } from './fields.ts';
import { fieldName, tenantName } from './texts.ts';

function selectorText(text: string): string {
  if (checkDomain(text) === 'ok' && /^[\x21-\x7e]+$/.test(text)) return text.toLowerCase();
  throw new ValueError(
    `${JSON.stringify(text)} is not a selector; write letters, digits and "-", e.g. "s2026", also several of them with dots between`,
  );
}

function userAddress(text: string): string {
  const { localPart, domain } = parseMailbox(text);
  return `${localPart}@${domain}`;
}

/** RFC 6376 3.5: at most twelve digits of seconds; nobody needs a century. */
const longestMs = 10 * 365 * 24 * 60 * 60 * 1000;

const signingKey = tableOf({
  domain: key(
    listOf(
      textOf('a domain such as "example.com" or "*.example.com"', parseDomainPattern),
      'domains such as ["example.com"]',
    )
      .min(1, 'must name one domain at least, or be left out')
      .optional(),
    'The domains whose mail the key signs, by the address in the From field. The most specific match counts: the domain itself, then the longest "*.suffix". Left out: all domains that no other table names.',
    { example: '["example.com", "*.example.com"]' },
  ),
  file: key(
    z.string({ error: expected('the name of a file') }).min(1, 'must not be empty'),
    'The file of the private key in PEM form (PKCS#8 or PKCS#1), RSA or Ed25519, without a password; only its owner, and at most a group, may read it. "%" in it stands for the domain of the From field; a domain without such a file has no key. A relative path starts at the folder of the configuration file. It is read again within a second when it changes.',
    { example: '"/etc/sluice/dkim/example.com.s2026.pem"' },
  ),
  selector: key(
    textOf('a selector such as "s2026"', selectorText).optional(),
    'The name of the key in the DNS: its public part is published at <selector>._domainkey.<domain>.',
    {
      defaultText: 'the name of the file, without its folder and its ending .pem, .key or .private',
      example: '"s2026"',
    },
  ),
  sign_as: key(
    textOf('a domain such as "example.com"', parseDomain).optional(),
    'The domain that signs (d=). A receiver that checks DMARC wants the domain of the From field, or one above it.',
    {
      defaultText: 'the domain, that after "*.", or with "%" in file that of the From field',
      example: '"example.com"',
    },
  ),
  tenant: key(
    textOf('a tenant such as "newsletters"', tenantName).optional(),
    'Only mail of this tenant. A key for the tenant counts instead of those for the same domain without one.',
    { example: '"newsletters"' },
  ),
  user: key(
    listOf(textOf('an address such as "joe@example.com"', userAddress), 'addresses of users')
      .min(1, 'must name one user at least, or be left out')
      .optional(),
    'Only mail of these users, after a log-in. A key for the user counts instead of those for the same domain without one.',
    { example: '["joe@example.com"]' },
  ),
  route: key(
    listOf(z.string({ error: expected('the name of a [[route]]') }), 'names of routes such as ["partners"]')
      .min(1, 'must name one route at least, or be left out')
      .optional(),
    'Only mail to recipients whose [[route]] has one of these names when the message comes in. A key for the route counts instead of those for the same domain without one; docs/dkim.md says what becomes of a message to recipients on several routes.',
    { example: '["partners"]' },
  ),
  canonicalization: key(
    oneOf(['relaxed/relaxed', 'relaxed/simple', 'simple/relaxed', 'simple/simple']).default(
      'relaxed/relaxed',
    ),
    'How header and body may change on their way: "relaxed" bears changes of white space.',
  ),
  also_sign: key(
    listOf(textOf('the name of a header field', fieldName), 'names of header fields').default([]),
    'Header fields that are signed, where they are there, beside the usual ones. docs/dkim.md lists those.',
  ),
  valid: key(
    duration(60_000, longestMs).optional(),
    'For so long the signature is valid (x=). Left out: without end. A bound keeps others from sending the same message again and again, and must be longer than mail may wait in queues.',
    { example: '"7d"' },
  ),
  domainkeys: key(
    yesNo().default(false),
    'Adds a signature by DomainKeys (RFC 4870), the forerunner of DKIM, to the one by DKIM. Only for a receiver that insists on it, and only with an RSA key: it is made with SHA-1, which RFC 8301 forbids for DKIM, and no large receiver looks at it. Each message is read a second time for it; docs/dkim.md says what else it costs.',
  ),
  when_unusable: key(
    oneOf(['tempfail', 'unsigned']).default('tempfail'),
    'What becomes of mail while the key cannot be used. "tempfail": it is not accepted for now, and its reports wait. "unsigned": it goes out without this signature.',
  ),
});

/** [signing]: keys in the layout of another server. */
export const signing = tableOf({
  dkimdomains: key(
    z
      .string({ error: expected('the name of a file') })
      .min(1, 'must not be empty')
      .optional(),
    'The file control/dkimdomains of s/qmail: one domain on each line, with the selectors of its keys. It is read as s/qmail does, beside [[signing_key]]; docs/dkim.md says which of its fields count.',
    { example: '"/var/qmail/control/dkimdomains"' },
  ),
  domainkeys: key(
    z
      .string({ error: expected('the name of a folder') })
      .min(1, 'must not be empty')
      .optional(),
    'The folder with the keys of dkimdomains: a folder for each domain, and in it a file for each selector.',
    {
      defaultText: 'ssl/domainkeys beside the folder of dkimdomains',
      example: '"/var/qmail/ssl/domainkeys"',
    },
  ),
});

/** All keys. */
export const signingKeys = listOf(signingKey, 'tables: [[signing_key]]').superRefine((all, context) => {
  for (const [index, { file, selector }] of all.entries()) {
    if (selector !== undefined) continue;
    try {
      selectorText(selectorOfFile(file));
    } catch {
      const message = 'the name of this file is no selector; give selector as well';
      context.addIssue({ code: 'custom', message, path: [index, 'file'] });
    }
  }
});

/** The selector that the name of a key's file says. */
export function selectorOfFile(file: string): string {
  const name = file.slice(file.lastIndexOf('/') + 1);
  return name.replace(/\.(?:pem|key|private)$/, '').toLowerCase();
}
