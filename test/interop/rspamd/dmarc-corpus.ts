// Authors, and what their domains publish for DMARC: policies, alignment by SPF and DKIM, domains below others, records that are
// malformed, and authors that are missing or doubled.

import { generateKeyPairSync } from 'node:crypto';
import type { ZoneName } from '../../../sim/dns/zone.ts';
import { recordOf } from '../../dkim/support.ts';
import type { Corpus, CorpusMessage } from './case.ts';
import { type Field, handMade, shown } from './hand-made.ts';

const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
const client = '192.0.2.20';

/** Records by domain: DMARC at `_dmarc`, a key at `s._domainkey`, and SPF that passes. */
function domain(name: string, dmarc: string | ZoneName | undefined): Record<string, ZoneName> {
  const policy = typeof dmarc === 'string' ? { txt: [dmarc] } : dmarc;
  return {
    [name]: { txt: [`v=spf1 ip4:${client} -all`] },
    [`s._domainkey.${name}`]: { txt: [recordOf(key.publicKey)] },
    ...(policy && { [`_dmarc.${name}`]: policy }),
  };
}

const zone: Record<string, ZoneName> = {
  ...domain('none.test', 'v=DMARC1; p=none'),
  ...domain('quarantine.test', 'v=DMARC1; p=quarantine'),
  ...domain('reject.test', 'v=DMARC1; p=reject; rua=mailto:x@reject.test'),
  ...domain('news.reject.test', undefined),
  ...domain('deep.news.reject.test', undefined),
  ...domain('strict.test', 'v=DMARC1; p=reject; adkim=s; aspf=s'),
  ...domain('sub.strict.test', undefined),
  ...domain('strict-dkim.test', 'v=DMARC1; p=reject; adkim=s'),
  ...domain('sub.strict-dkim.test', undefined),
  ...domain('sp.test', 'v=DMARC1; p=reject; sp=quarantine'),
  ...domain('sub.sp.test', undefined),
  ...domain('own.sp.test', 'v=DMARC1; p=none'),
  ...domain('nothing.test', undefined),
  ...domain('other.test', 'v=DMARC1; p=none'),
  ...domain('upper.test', 'v=DMARC1; P=REJECT'),
  ...domain('blanks.test', '  v = DMARC1 ;  p = reject ; '),
  ...domain('two.test', { txt: ['v=DMARC1; p=reject', 'v=DMARC1; p=none'] }),
  ...domain('among.test', { txt: ['hello', 'v=DMARC1; p=reject'] }),
  ...domain('words.test', 'hello'),
  ...domain('version-later.test', 'p=reject; v=DMARC1'),
  ...domain('no-policy.test', 'v=DMARC1; rua=mailto:x@no-policy.test'),
  ...domain('no-policy-no-rua.test', 'v=DMARC1'),
  ...domain('bad-policy.test', 'v=DMARC1; p=maybe'),
  ...domain('bad-tag.test', 'v=DMARC1; p=reject; zz=1; adkim=x'),
  ...domain('pct.test', 'v=DMARC1; p=reject; pct=100'),
  ...domain('fault.test', { behaviour: 'servfail' }),
};

interface Mail {
  readonly name: string;
  /** The value of From, or several; none leaves it out. */
  readonly author?: string | readonly string[];
  readonly from?: string;
  /** Is the sender's SPF a pass? */
  readonly spf?: boolean;
  /** `d=` of its signature. */
  readonly signedBy?: string;
  readonly isBroken?: boolean;
}

function mail({
  name,
  author = [],
  from = 'x@nothing.test',
  spf = false,
  signedBy,
  isBroken = false,
}: Mail): CorpusMessage {
  const fields: Field[] = [
    ...[author].flat().map((value): Field => ['From', value]),
    ['To', 'a@far.test'],
    ['Subject', 'x'],
  ];
  const body = 'Hello\r\n';
  const content =
    signedBy === undefined
      ? `${shown(fields)}\r\n${body}`
      : handMade({ fields, body, key: key.privateKey, tags: { d: signedBy, s: 's' } });
  return {
    name: `dmarc: ${name}`,
    content: isBroken ? content.replace('Hello', 'Changed') : content,
    client: spf ? client : '198.51.100.20',
    helo: 'client.quiet.test',
    from,
  };
}

/** For each domain: nothing is aligned; SPF is; DKIM is; a broken signature; and another domain's are valid. */
function byDomain(): Mail[] {
  const authors = Object.keys(zone).filter((name) => !name.startsWith('_') && !name.startsWith('s.'));
  return authors.flatMap((name): Mail[] => {
    const author = `Joe <joe@${name}>`;
    return [
      { name: `${name}, nothing`, author },
      { name: `${name}, by SPF`, author, from: `joe@${name}`, spf: true },
      { name: `${name}, SPF fails`, author, from: `joe@${name}` },
      { name: `${name}, by DKIM`, author, signedBy: name },
      { name: `${name}, a broken signature`, author, signedBy: name, isBroken: true },
      { name: `${name}, by others alone`, author, from: 'joe@other.test', spf: true, signedBy: 'other.test' },
    ];
  });
}

const relations: readonly Mail[] = [
  {
    name: 'relaxed: SPF of the domain above',
    author: 'a@news.reject.test',
    from: 'x@reject.test',
    spf: true,
  },
  { name: 'relaxed: SPF of a domain below', author: 'a@reject.test', from: 'x@news.reject.test', spf: true },
  { name: 'relaxed: a signature of the domain above', author: 'a@news.reject.test', signedBy: 'reject.test' },
  { name: 'relaxed: a signature of a domain below', author: 'a@reject.test', signedBy: 'news.reject.test' },
  {
    name: 'relaxed: a signature of a sister',
    author: 'a@deep.news.reject.test',
    signedBy: 'news.reject.test',
  },
  { name: 'strict: SPF of a domain below', author: 'a@strict.test', from: 'x@sub.strict.test', spf: true },
  { name: 'strict: a signature of a domain below', author: 'a@strict.test', signedBy: 'sub.strict.test' },
  {
    name: 'strict for DKIM: SPF of a domain below',
    author: 'a@strict-dkim.test',
    from: 'x@sub.strict-dkim.test',
    spf: true,
  },
  {
    name: 'strict for DKIM: a signature of a domain below',
    author: 'a@strict-dkim.test',
    signedBy: 'sub.strict-dkim.test',
  },
  { name: 'a name that only ends alike', author: 'a@xreject.test', signedBy: 'reject.test' },
  { name: 'no such domain below', author: 'a@gone.reject.test' },
  { name: 'no such domain', author: 'a@gone.test' },
  { name: 'upper case', author: 'A@REJECT.TEST', from: 'x@reject.test', spf: true },
  { name: 'a display name with an address', author: '"boss@none.test" <a@reject.test>' },
  { name: 'a group', author: 'friends: a@reject.test;' },
  { name: 'no From' },
  { name: 'an empty From', author: '' },
  { name: 'From without a domain', author: 'joe' },
  { name: 'From is no address', author: 'hello world' },
  { name: 'two authors of one domain', author: 'a@reject.test, b@reject.test' },
  { name: 'two authors, by DKIM', author: 'a@reject.test, b@reject.test', signedBy: 'reject.test' },
  { name: 'authors of two domains', author: 'a@none.test, b@reject.test' },
  { name: 'two From fields', author: ['a@none.test', 'b@reject.test'] },
  { name: 'the null sender', author: 'a@reject.test', from: '' },
];

export function dmarcCorpus(): Corpus {
  return { messages: [...byDomain(), ...relations].map(mail), zone };
}
