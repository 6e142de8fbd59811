// A backup MX, case by case: which hosts of the domain's MX set get its mail (RFC 5321 5.1), and that none of them is this server.

import assert from 'node:assert/strict';
import test from 'node:test';
import { brief, fakeRouter, type FakeNames } from './fake-resolver.ts';

/** What the zones say of the hosts. This server is mail.us.example and bu.example, at 192.0.2.250; an interface of it has 192.0.2.99. */
const hosts: FakeNames = {
  'mx1.example': { a: ['192.0.2.1'] },
  'mx2.example': { a: ['192.0.2.2'] },
  'mx3.example': { a: ['192.0.2.3'] },
  'bu.example': { a: ['198.51.100.7'] },
  'mail.us.example': { a: ['198.51.100.1'] },
  'listener.example': { a: ['192.0.2.250'] },
  'listener6.example': { aaaa: ['2001:db8::250'] },
  'interface.example': { a: ['192.0.2.99'] },
  'both.example': { a: ['192.0.2.8', '192.0.2.99'] },
  'alias-of-us.example': { cname: 'bu.example' },
  'alias-of-mx1.example': { cname: 'mx1.example' },
  'failing.example': { a: 'failed' },
  'bare.example': {},
};

type Mx = readonly (readonly [number, string])[];

const cases: readonly { what: string; mx: Mx; want: string[] | RegExp }[] = [
  {
    what: 'hosts with a lower number than that of the own name',
    mx: [
      [10, 'mx1.example'],
      [20, 'bu.example'],
      [30, 'mx3.example'],
    ],
    want: ['10 mx1.example 192.0.2.1:25'],
  },
  {
    what: 'all better hosts, in their order',
    mx: [
      [30, 'bu.example'],
      [20, 'mx2.example'],
      [10, 'mx1.example'],
    ],
    want: ['10 mx1.example 192.0.2.1:25', '20 mx2.example 192.0.2.2:25'],
  },
  {
    what: 'a host of equal preference is not better',
    mx: [
      [10, 'mx1.example'],
      [20, 'mx2.example'],
      [20, 'bu.example'],
    ],
    want: ['10 mx1.example 192.0.2.1:25'],
  },
  {
    what: 'equals alone: nothing is better',
    mx: [
      [20, 'mx2.example'],
      [20, 'bu.example'],
    ],
    want: /^4\.4\.6 This server is a backup MX of d\.example, but nothing is better: bu\.example with preference 20 is this server/,
  },
  {
    what: 'the own name alone',
    mx: [[0, 'bu.example']],
    want: /^4\.4\.6 .*bu\.example with preference 0 is this server, and no MX host has a lower number/,
  },
  {
    what: 'not in the list: all of them',
    mx: [
      [10, 'mx1.example'],
      [20, 'mx2.example'],
    ],
    want: ['10 mx1.example 192.0.2.1:25', '20 mx2.example 192.0.2.2:25'],
  },
  {
    what: 'by the host name, under which it is known elsewhere',
    mx: [
      [10, 'mx1.example'],
      [20, 'mail.us.example'],
      [30, 'mx3.example'],
    ],
    want: ['10 mx1.example 192.0.2.1:25'],
  },
  {
    what: 'by the address of a listener',
    mx: [
      [10, 'mx1.example'],
      [20, 'listener.example'],
      [30, 'mx3.example'],
    ],
    want: ['10 mx1.example 192.0.2.1:25'],
  },
  {
    what: 'by the IPv6 address of a listener',
    mx: [
      [10, 'mx1.example'],
      [20, 'listener6.example'],
      [30, 'mx3.example'],
    ],
    want: ['10 mx1.example 192.0.2.1:25'],
  },
  {
    what: 'by the address of an interface',
    mx: [
      [10, 'mx1.example'],
      [20, 'interface.example'],
      [30, 'mx3.example'],
    ],
    want: ['10 mx1.example 192.0.2.1:25'],
  },
  {
    what: 'a host with one own address among others is this server',
    mx: [
      [10, 'mx1.example'],
      [20, 'both.example'],
      [30, 'mx3.example'],
    ],
    want: ['10 mx1.example 192.0.2.1:25'],
  },
  {
    what: 'a host that is an alias of the own name is this server',
    mx: [
      [10, 'mx1.example'],
      [20, 'alias-of-us.example'],
      [30, 'mx3.example'],
    ],
    want: ['10 mx1.example 192.0.2.1:25'],
  },
  {
    what: 'under several names, the best preference counts',
    mx: [
      [5, 'mx1.example'],
      [10, 'listener.example'],
      [20, 'mx2.example'],
      [30, 'bu.example'],
    ],
    want: ['5 mx1.example 192.0.2.1:25'],
  },
  {
    what: 'under several names, none is taken for the primary server',
    mx: [
      [10, 'listener.example'],
      [20, 'bu.example'],
    ],
    want: /^4\.4\.6 /,
  },
  {
    what: 'named twice, the better preference counts',
    mx: [
      [10, 'mx1.example'],
      [15, 'bu.example'],
      [20, 'mx2.example'],
      [30, 'bu.example'],
    ],
    want: ['10 mx1.example 192.0.2.1:25'],
  },
  {
    what: 'a better host that is an alias of another server',
    mx: [
      [10, 'alias-of-mx1.example'],
      [20, 'bu.example'],
    ],
    want: ['10 alias-of-mx1.example 192.0.2.1:25'],
  },
  {
    what: 'a better host that cannot be looked up: the mail waits, and goes to no worse one',
    mx: [
      [10, 'failing.example'],
      [20, 'bu.example'],
      [30, 'mx3.example'],
    ],
    want: /^4\.4\.3 /,
  },
  {
    what: 'a better host without addresses: the mail waits for the zone, and nothing worse takes its place',
    mx: [
      [10, 'bare.example'],
      [20, 'bu.example'],
      [30, 'mx3.example'],
    ],
    want: /^4\.4\.4 This server is a backup MX of d\.example, and no better MX host has an address \(bare\.example\)/,
  },
  { what: 'null MX: the domain takes no mail', mx: [[0, '.']], want: /^5\.1\.10 / },
];

const options = {
  ownNames: ['Mail.Us.Example.', 'bu.example'],
  backup: {
    has: (domain: string) => domain === 'd.example',
    isOwnAddress: (ip: string) => ip === '192.0.2.99',
  },
};

for (const { what, mx, want } of cases) {
  test(`backup MX: ${what}`, async () => {
    const { router } = fakeRouter({ ...hosts, 'd.example': { mx: [...mx] } } as FakeNames, options);
    const plan = await router.resolve('mx:d.example');
    if (want instanceof RegExp) {
      assert.equal(plan.kind, 'error');
      assert.match(plan.kind === 'error' ? `${plan.enhancedStatus} ${plan.text}` : '', want);
    } else assert.deepEqual(brief(plan), want);
  });
}

test('backup MX: without MX records, and at the own address, mail waits', async () => {
  const { router } = fakeRouter({ 'd.example': { a: ['192.0.2.250'] } }, options);
  assert.deepEqual(brief(await router.resolve('mx:d.example')), '451 4.4.6 temporary');
});

test('of other domains, a loop is permanent, and interfaces without a listener may be other servers', async () => {
  const { router } = fakeRouter(
    {
      ...hosts,
      'loop.example': { mx: [[10, 'bu.example']] },
      'else.example': {
        mx: [
          [10, 'mx1.example'],
          [20, 'interface.example'],
        ],
      },
    },
    options,
  );
  assert.deepEqual(brief(await router.resolve('mx:loop.example')), '550 5.4.6 permanent');
  assert.deepEqual(brief(await router.resolve('mx:else.example')), [
    '10 mx1.example 192.0.2.1:25',
    '20 interface.example 192.0.2.99:25',
  ]);
});

test('a shortened list of hosts is a site of its own, shared with domains that publish just these', async () => {
  const names: FakeNames = {
    ...hosts,
    'd.example': {
      mx: [
        [10, 'mx1.example'],
        [20, 'bu.example'],
      ],
    },
    'whole.example': {
      mx: [
        [10, 'mx1.example'],
        [20, 'mx2.example'],
      ],
    },
    'alone.example': { mx: [[5, 'mx1.example']] },
  };
  const { router } = fakeRouter(names, options);
  const sites = await Promise.all(
    ['d', 'whole', 'alone'].map(async (name) => {
      const plan = await router.resolve(`mx:${name}.example`);
      return plan.kind === 'relay' ? plan.site : '';
    }),
  );
  assert.equal(sites[0], sites[2]);
  assert.notEqual(sites[0], sites[1]);
});

test('hosts that get mail while MX hosts cannot be reached are for other domains', async () => {
  const names: FakeNames = {
    ...hosts,
    'd.example': {
      mx: [
        [10, 'mx1.example'],
        [20, 'bu.example'],
      ],
    },
    'else.example': { mx: [[10, 'mx1.example']] },
  };
  const fallback = {
    kind: 'smarthost',
    hosts: [{ host: '192.0.2.77', port: 25 }],
    mode: 'failover',
  } as const;
  const { router } = fakeRouter(names, { ...options, fallback });
  assert.deepEqual(brief(await router.resolve('mx:d.example')), ['10 mx1.example 192.0.2.1:25']);
  assert.equal(brief(await router.resolve('mx:else.example')).length, 2);
});
