// RFC 5321 5.1 and RFC 7505, case by case: the records in DNS, and the hosts that the mail goes to.

import assert from 'node:assert/strict';
import test from 'node:test';
import { brief, fakeRouter, type FakeNames } from './fake-resolver.ts';

const hosts: FakeNames = {
  'mx1.example': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
  'mx2.example': { a: ['192.0.2.2'] },
  'mx3.example': { a: ['192.0.2.3'] },
  'failing.example': { a: 'failed', aaaa: 'failed' },
  'half.example': { a: ['192.0.2.4'], aaaa: 'failed' },
  'bare.example': {},
  'us.example': { a: ['192.0.2.250'] },
  'mail.us.example': { a: ['198.51.100.1'] },
  'us6.example': { aaaa: ['2001:db8::250'] },
  'zero.example': { a: ['0.0.0.0', '255.255.255.255', '224.0.0.1'], aaaa: ['::', 'ff02::1', 'fe80::1'] },
  'mapped.example': { aaaa: ['::ffff:192.0.2.250'] },
  'alias.example': { cname: 'mx2.example' },
};

const mx1 = ['10 mx1.example 2001:db8::1:25', '10 mx1.example 192.0.2.1:25'];

/** `to`: the recipient's domain; `d.example` by default. */
const cases: { what: string; names: FakeNames; to?: string; want: string[] | string }[] = [
  {
    what: 'hosts in the order of preference, all addresses of each, IPv6 and IPv4',
    names: {
      'd.example': {
        mx: [
          [20, 'mx2.example'],
          [10, 'mx1.example'],
        ],
      },
    },
    want: [...mx1, '20 mx2.example 192.0.2.2:25'],
  },
  {
    what: 'a host named twice counts once, with its best preference',
    names: {
      'd.example': {
        mx: [
          [30, 'mx2.example'],
          [20, 'mx2.example'],
        ],
      },
    },
    want: ['20 mx2.example 192.0.2.2:25'],
  },
  {
    what: 'no MX record: the domain itself, with preference 0',
    names: { 'd.example': { a: ['192.0.2.7'], aaaa: ['2001:db8::7'] } },
    want: ['0 d.example 2001:db8::7:25', '0 d.example 192.0.2.7:25'],
  },
  {
    what: 'MX records that lead nowhere do not fall back to the domain itself',
    names: { 'd.example': { mx: [[10, 'gone.example']], a: ['192.0.2.7'] } },
    want: '550 5.4.4 permanent',
  },
  {
    what: 'the domain is an alias: the name it leads to is processed in its place',
    names: { 'd.example': { cname: 'real.example' }, 'real.example': { mx: [[5, 'mx2.example']] } },
    want: ['5 mx2.example 192.0.2.2:25'],
  },
  {
    what: 'the domain is an alias of a name without MX records: that name is the host',
    names: { 'd.example': { cname: 'mx3.example' } },
    want: ['0 mx3.example 192.0.2.3:25'],
  },
  {
    what: 'an MX host that is an alias is followed, and keeps its name',
    names: { 'd.example': { mx: [[5, 'alias.example']] } },
    want: ['5 alias.example 192.0.2.2:25'],
  },
  { what: 'null MX', names: { 'd.example': { mx: [[0, '.']] } }, want: '556 5.1.10 permanent' },
  {
    what: 'null MX, another preference',
    names: { 'd.example': { mx: [[10, '.']] } },
    want: '556 5.1.10 permanent',
  },
  {
    what: 'a null MX beside others is no host',
    names: {
      'd.example': {
        mx: [
          [0, '.'],
          [10, 'mx2.example'],
        ],
      },
    },
    want: ['10 mx2.example 192.0.2.2:25'],
  },
  { what: 'the domain does not exist', names: {}, want: '550 5.1.2 permanent' },
  {
    what: 'a domain that has an address exists, though NXDOMAIN answers the question for MX',
    names: { 'd.example': { mx: 'nxdomain', a: ['192.0.2.9'] } },
    want: ['0 d.example 192.0.2.9:25'],
  },
  {
    what: 'after NXDOMAIN for MX, addresses that cannot be looked up leave it open whether the domain exists',
    names: { 'd.example': { mx: 'nxdomain', a: 'failed', aaaa: 'failed' } },
    want: '451 4.4.3 temporary',
  },
  {
    what: 'the domain exists without MX and address',
    names: { 'd.example': {} },
    want: '550 5.4.4 permanent',
  },
  {
    what: 'the MX cannot be looked up',
    names: { 'd.example': { mx: 'failed' } },
    want: '451 4.4.3 temporary',
  },
  {
    what: 'no MX, and the addresses cannot be looked up',
    names: { 'd.example': { a: 'failed' } },
    want: '451 4.4.3 temporary',
  },
  {
    what: 'no MX, one family fails, the other has an address',
    names: { 'd.example': { a: ['192.0.2.7'], aaaa: 'failed' } },
    want: ['0 d.example 192.0.2.7:25'],
  },
  {
    what: 'a host that cannot be looked up is skipped while another can',
    names: {
      'd.example': {
        mx: [
          [10, 'failing.example'],
          [20, 'mx2.example'],
        ],
      },
    },
    want: ['20 mx2.example 192.0.2.2:25'],
  },
  {
    what: 'a host that does not exist or has no address is skipped',
    names: {
      'd.example': {
        mx: [
          [1, 'gone.example'],
          [2, 'bare.example'],
          [20, 'mx2.example'],
        ],
      },
    },
    want: ['20 mx2.example 192.0.2.2:25'],
  },
  {
    what: 'no host can be looked up',
    names: { 'd.example': { mx: [[10, 'failing.example']] } },
    want: '451 4.4.3 temporary',
  },
  {
    what: 'some hosts do not exist, the others cannot be looked up',
    names: {
      'd.example': {
        mx: [
          [10, 'gone.example'],
          [20, 'failing.example'],
        ],
      },
    },
    want: '451 4.4.3 temporary',
  },
  {
    what: 'no host has an address',
    names: {
      'd.example': {
        mx: [
          [10, 'gone.example'],
          [20, 'bare.example'],
        ],
      },
    },
    want: '550 5.4.4 permanent',
  },
  {
    what: 'half of a host is known',
    names: { 'd.example': { mx: [[10, 'half.example']] } },
    want: ['10 half.example 192.0.2.4:25'],
  },
  {
    what: 'an IP address in place of a host name is skipped',
    names: {
      'd.example': {
        mx: [
          [1, '192.0.2.66'],
          [20, 'mx2.example'],
        ],
      },
    },
    want: ['20 mx2.example 192.0.2.2:25'],
  },
  {
    what: 'only an IP address in place of a host name',
    names: { 'd.example': { mx: [[1, '192.0.2.66']] } },
    want: '550 5.4.4 permanent',
  },
  {
    what: 'exchanges that are no host names are skipped',
    names: {
      'd.example': {
        mx: [
          [1, 'a b.example'],
          [2, 'x\r\ny.example'],
          [3, ''],
          [4, 'mx2.example'],
        ],
      },
    },
    want: ['4 mx2.example 192.0.2.2:25'],
  },
  {
    what: 'addresses that no other host can have are skipped',
    names: {
      'd.example': {
        mx: [
          [1, 'zero.example'],
          [2, 'mapped.example'],
          [4, 'mx2.example'],
        ],
      },
    },
    want: ['4 mx2.example 192.0.2.2:25'],
  },
  {
    what: 'we are a backup: only what is preferred to us is used',
    names: {
      'd.example': {
        mx: [
          [10, 'mx1.example'],
          [20, 'us.example'],
          [20, 'mx2.example'],
          [30, 'mx3.example'],
        ],
      },
    },
    want: mx1,
  },
  {
    what: 'we are a backup by name',
    names: {
      'd.example': {
        mx: [
          [10, 'mx1.example'],
          [20, 'mail.us.example'],
          [30, 'mx3.example'],
        ],
      },
    },
    want: mx1,
  },
  {
    what: 'we are a backup by IPv6 address',
    names: {
      'd.example': {
        mx: [
          [10, 'mx1.example'],
          [20, 'us6.example'],
        ],
      },
    },
    want: mx1,
  },
  {
    what: 'we are the best MX: a loop',
    names: {
      'd.example': {
        mx: [
          [10, 'us.example'],
          [20, 'mx2.example'],
        ],
      },
    },
    want: '550 5.4.6 permanent',
  },
  {
    what: 'we are among the best MXs: a loop',
    names: {
      'd.example': {
        mx: [
          [10, 'mx1.example'],
          [10, 'us.example'],
        ],
      },
    },
    want: '550 5.4.6 permanent',
  },
  {
    what: 'we are the best MX by name: a loop',
    names: { 'd.example': { mx: [[10, 'mail.us.example']] } },
    want: '550 5.4.6 permanent',
  },
  {
    what: 'we are a backup, and what is preferred to us cannot be looked up: later, no loop',
    names: {
      'd.example': {
        mx: [
          [10, 'failing.example'],
          [20, 'us.example'],
        ],
      },
    },
    want: '451 4.4.3 temporary',
  },
  {
    what: 'the domain itself is us: a loop',
    names: { 'd.example': { a: ['192.0.2.250'] } },
    want: '550 5.4.6 permanent',
  },
  { what: 'the domain is our name: a loop', names: {}, to: 'mail.us.example', want: '550 5.4.6 permanent' },
  { what: 'IPv4 literal', names: {}, to: '[192.0.2.99]', want: ['0 [192.0.2.99] 192.0.2.99:25'] },
  {
    what: 'IPv6 literal',
    names: {},
    to: '[ipv6:2001:DB8:0:0:0:0:0:99]',
    want: ['0 [IPv6:2001:db8::99] 2001:db8::99:25'],
  },
  { what: 'a literal that is us: a loop', names: {}, to: '[192.0.2.250]', want: '550 5.4.6 permanent' },
  { what: 'a literal that is no address', names: {}, to: '[300.1.1.1]', want: '550 5.1.3 permanent' },
  { what: 'a literal without its tag', names: {}, to: '[2001:db8::1]', want: '550 5.1.3 permanent' },
  { what: 'a literal of another kind', names: {}, to: '[x400:foo]', want: '550 5.1.3 permanent' },
  { what: 'a literal that reaches nobody', names: {}, to: '[0.0.0.0]', want: '550 5.1.3 permanent' },
  { what: 'no domain at all', names: {}, to: '', want: '550 5.1.3 permanent' },
  { what: 'a label too long', names: {}, to: `${'x'.repeat(64)}.example`, want: '550 5.1.3 permanent' },
  { what: 'a domain that cannot be', names: {}, to: 'a..example', want: '550 5.1.3 permanent' },
  {
    what: 'an international domain is looked up by its A-labels',
    names: { 'xn--bcher-kva.example': { mx: [[1, 'mx2.example']] } },
    to: 'BÜCHER.example',
    want: ['1 mx2.example 192.0.2.2:25'],
  },
  {
    what: 'a domain with an underscore is looked up',
    names: { 'my_host.example': { mx: [[1, 'mx2.example']] } },
    to: 'My_Host.example',
    want: ['1 mx2.example 192.0.2.2:25'],
  },
];

for (const { what, names, to = 'd.example', want } of cases) {
  test(what, async () => {
    const { router } = fakeRouter({ ...hosts, ...names });
    const plan = await router.resolve(router.routeOf('', to === '' ? 'postmaster' : `user@${to}`).key);
    assert.deepEqual(brief(plan), want);
  });
}

test('texts name the domain and the reason', async () => {
  const { router } = fakeRouter({ 'd.example': { mx: 'failed' }, 'n.example': { mx: [[0, '.']] } });
  const text = async (domain: string) => {
    const plan = await router.resolve(`mx:${domain}`);
    return plan.kind === 'error' && plan.text;
  };
  assert.equal(
    await text('d.example'),
    'The MX records of d.example could not be looked up: SERVFAIL from 192.0.2.53',
  );
  assert.equal(await text('n.example'), 'n.example does not accept mail (null MX)');
  assert.equal(await text('gone.example'), 'The domain gone.example does not exist');
});

test('a family that is switched off is not asked for', async () => {
  const names: FakeNames = {
    'd.example': { mx: [[10, 'mx1.example']] },
    'mx1.example': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
    'v6.example': { mx: [[10, 'six.example']] },
    'six.example': { aaaa: ['2001:db8::6'] },
  };
  const { router, resolver } = fakeRouter(names, { ipv6: false });
  assert.deepEqual(brief(await router.resolve('mx:d.example')), ['10 mx1.example 192.0.2.1:25']);
  assert.deepEqual(brief(await router.resolve('mx:v6.example')), '550 5.4.4 permanent');
  assert.deepEqual(brief(await router.resolve('mx:[IPv6:2001:db8::1]')), '550 5.4.4 permanent');
  assert.deepEqual(
    resolver.asked.filter((question) => question.startsWith('AAAA')),
    [],
  );
});

test('at most twenty hosts are looked up, with eight addresses of each, half of either family', async () => {
  const names: FakeNames = {
    'many.example': { mx: Array.from({ length: 50 }, (_, i) => [i, `h${i}.example`] as const) },
    'big.example': {
      a: Array.from({ length: 30 }, (_, i) => `192.0.2.${i + 1}`),
      aaaa: Array.from({ length: 30 }, (_, i) => `2001:db8::${i + 1}`),
    },
    'big4.example': { a: Array.from({ length: 30 }, (_, i) => `192.0.2.${i + 1}`) },
  };
  for (let i = 0; i < 50; i++) Object.assign(names, { [`h${i}.example`]: { a: [`198.51.100.${i + 1}`] } });
  const { router, resolver } = fakeRouter(names);
  const many = await router.resolve('mx:many.example');
  assert.equal(many.kind === 'relay' && many.addresses.length, 20);
  assert.equal(many.kind === 'relay' && many.addresses.at(-1)?.host, 'h19.example');
  assert.equal(resolver.asked.length, 1 + 20 * 2);
  const big = await router.resolve('mx:big.example');
  assert.ok(big.kind === 'relay');
  assert.equal(big.addresses.filter((address) => address.ip.includes(':')).length, 4);
  assert.equal(big.addresses.length, 8);
  const big4 = await router.resolve('mx:big4.example');
  assert.equal(big4.kind === 'relay' && big4.addresses.length, 8);
});

test('our own host is found in the MX list even after the hosts that are looked up', async () => {
  const mx = Array.from({ length: 50 }, (_, i) => [10, `a${i}.example`] as const);
  const { router } = fakeRouter({ 'd.example': { mx: [...mx, [10, 'mail.us.example']] } });
  assert.equal(brief(await router.resolve('mx:d.example')), '550 5.4.6 permanent');
});
