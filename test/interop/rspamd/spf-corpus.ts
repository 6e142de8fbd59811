// Senders and their SPF records: every result, every mechanism, macros, limits, and records that are malformed.

import type { ZoneName } from '../../../sim/dns/zone.ts';
import type { Corpus, CorpusMessage } from './case.ts';

const client4 = '192.0.2.10';
const client6 = '2001:db8::10';
const content = 'From: joe@quiet.test\r\nTo: a@far.test\r\nSubject: x\r\n\r\nHello\r\n';

interface Sender {
  /** Also the domain, below `spf.test`. */
  readonly name: string;
  readonly zone: ZoneName;
  readonly client?: string;
}

const record = (name: string, txt: string, rest: Partial<Sender> = {}): Sender => ({
  name,
  zone: { txt: [txt] },
  ...rest,
});

const senders: readonly Sender[] = [
  { name: 'none', zone: { a: [client4] } },
  record('other-txt', 'hello'),
  record('ip4', `v=spf1 ip4:${client4} -all`),
  record('ip4-net', 'v=spf1 ip4:192.0.2.0/24 -all'),
  record('ip4-other', 'v=spf1 ip4:203.0.113.0/24 -all'),
  record('ip6', 'v=spf1 ip6:2001:db8::/32 -all', { client: client6 }),
  record('ip6-other', 'v=spf1 ip6:2001:db9::/32 -all', { client: client6 }),
  record('ip4-for-ip6', 'v=spf1 ip4:0.0.0.0/0 -all', { client: client6 }),
  record('fail', 'v=spf1 -all'),
  record('softfail', 'v=spf1 ~all'),
  record('neutral', 'v=spf1 ?all'),
  record('plus-all', 'v=spf1 +all'),
  record('no-all', 'v=spf1 ip4:203.0.113.1'),
  record('only-version', 'v=spf1'),
  record('upper-case', 'V=SPF1 IP4:192.0.2.10 -ALL'),
  record('a', 'v=spf1 a:host.spf.test -all'),
  record('a-net', 'v=spf1 a:near.spf.test/24 -all'),
  record('a-other', 'v=spf1 a:far.spf.test -all'),
  record('a-gone', 'v=spf1 a:gone.spf.test -all'),
  record('a6', 'v=spf1 a:host.spf.test -all', { client: client6 }),
  { name: 'a-own', zone: { a: [client4], txt: ['v=spf1 a -all'] } },
  { name: 'mx-own', zone: { mx: [{ preference: 1, exchange: 'host.spf.test' }], txt: ['v=spf1 mx -all'] } },
  record('mx', 'v=spf1 mx:exchange.spf.test -all'),
  record('mx-other', 'v=spf1 mx:exchange-far.spf.test -all'),
  record('include', 'v=spf1 include:ip4.spf.test -all'),
  record('include-fails', 'v=spf1 include:ip4-other.spf.test ~all'),
  record('include-soft', 'v=spf1 include:softfail.spf.test -all'),
  record('include-nothing', 'v=spf1 include:none.spf.test -all'),
  record('include-gone', 'v=spf1 include:gone.spf.test -all'),
  record('include-broken', 'v=spf1 include:unknown.spf.test -all'),
  record('include-fault', 'v=spf1 include:fault.spf.test -all'),
  record('not-included', `v=spf1 -include:ip4.spf.test +all`),
  record('redirect', 'v=spf1 redirect=ip4.spf.test'),
  record('redirect-fails', 'v=spf1 redirect=ip4-other.spf.test'),
  record('redirect-unused', 'v=spf1 ~all redirect=ip4.spf.test'),
  record('redirect-nothing', 'v=spf1 redirect=none.spf.test'),
  record('redirect-gone', 'v=spf1 redirect=gone.spf.test'),
  record('exists', 'v=spf1 exists:%{i}.exists.spf.test -all'),
  record('exists-not', 'v=spf1 exists:%{i}.nowhere.spf.test -all'),
  record('exists-macro', 'v=spf1 exists:%{ir}.%{v}.%{d2}.exists.spf.test -all'),
  record('exists-user', 'v=spf1 exists:%{l}.%{o}.exists.spf.test -all'),
  record('ptr', 'v=spf1 ptr:host.spf.test -all'),
  record('ptr-other', 'v=spf1 ptr:far.spf.test -all'),
  record('exp', 'v=spf1 -all exp=why.spf.test'),
  record('unknown-modifier', `v=spf1 zz=x ip4:${client4} -all`),
  record('unknown', 'v=spf1 zz -all'),
  record('unknown-after', `v=spf1 ip4:${client4} zz -all`),
  record('bad-ip4', 'v=spf1 ip4:192.0.2 -all'),
  record('bad-mask', 'v=spf1 ip4:192.0.2.0/33 -all'),
  record('bad-macro', 'v=spf1 exists:%{q}.spf.test -all'),
  record('empty-include', 'v=spf1 include: -all'),
  record('two-redirects', 'v=spf1 redirect=ip4.spf.test redirect=ip4.spf.test'),
  { name: 'two-records', zone: { txt: ['v=spf1 -all', `v=spf1 ip4:${client4} -all`] } },
  { name: 'among-others', zone: { txt: ['hello', `v=spf1 ip4:${client4} -all`, 'world'] } },
  { name: 'like-version', zone: { txt: ['v=spf10 -all'] } },
  { name: 'fault', zone: { behaviour: 'servfail' } },
  { name: 'refused', zone: { behaviour: 'refused' } },
  record('many-spaces', `v=spf1   ip4:${client4}    -all  `),
  record(
    'long',
    `v=spf1 ${Array.from({ length: 60 }, (_, at) => `ip4:198.51.100.${at}`).join(' ')} ip4:${client4} -all`,
  ),
  record('ten-lookups', `v=spf1 ${'a:far.spf.test '.repeat(10)}ip4:${client4} -all`),
  record('eleven-lookups', `v=spf1 ${'a:far.spf.test '.repeat(11)}ip4:${client4} -all`),
  record(
    'many-includes',
    `v=spf1 ${Array.from({ length: 11 }, (_, at) => `include:i${at}.spf.test`).join(' ')} -all`,
  ),
  record('loop', 'v=spf1 include:loop.spf.test -all'),
  record('redirect-loop', 'v=spf1 redirect=redirect-loop.spf.test'),
  record('three-voids', 'v=spf1 a:gone1.spf.test a:gone2.spf.test a:gone3.spf.test ?all'),
];

const extra: Readonly<Record<string, ZoneName>> = {
  'host.spf.test': { a: [client4], aaaa: [client6] },
  'near.spf.test': { a: ['192.0.2.200'] },
  'far.spf.test': { a: ['203.0.113.9'] },
  'exchange.spf.test': {
    mx: [
      { preference: 1, exchange: 'far.spf.test' },
      { preference: 2, exchange: 'host.spf.test' },
    ],
  },
  'exchange-far.spf.test': { mx: [{ preference: 1, exchange: 'far.spf.test' }] },
  [`${client4}.exists.spf.test`]: { a: ['127.0.0.2'] },
  '10.2.0.192.in-addr.spf.test.exists.spf.test': { a: ['127.0.0.2'] },
  'joe.exists-user.spf.test.exists.spf.test': { a: ['127.0.0.2'] },
  '10.2.0.192.in-addr.arpa': { ptr: ['host.spf.test'] },
  'why.spf.test': { txt: ['because'] },
  ...Object.fromEntries(
    Array.from({ length: 11 }, (_, at) => [`i${at}.spf.test`, { txt: ['v=spf1 ip4:203.0.113.1 -all'] }]),
  ),
};

export function spfCorpus(): Corpus {
  const messages = senders.flatMap(({ name, client = client4 }): CorpusMessage[] => {
    const domain = `${name}.spf.test`;
    const own = { content, client, helo: 'client.quiet.test' };
    return [
      { name: `spf: ${name}`, ...own, from: `joe@${domain}` },
      // The null sender is asked about by the name in HELO (RFC 7208 2.4).
      { name: `spf: HELO ${name}`, ...own, helo: domain, from: '' },
    ];
  });
  return {
    messages,
    zone: { ...extra, ...Object.fromEntries(senders.map(({ name, zone }) => [`${name}.spf.test`, zone])) },
  };
}
