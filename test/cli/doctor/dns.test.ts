// Name servers, as `sluice doctor` judges them, and as it finds them.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { type DnsFacts, dnsFindings, type ServerState } from '../../../src/cli/doctor/dns.ts';
import { searchDomainsIn } from '../../../src/cli/doctor/dns-facts.ts';
import { type DnsServer, startDnsServer, type Zone } from '../../../sim/dns/dns-server.ts';
import { type Answer, codes, examined, ground } from './ground.ts';

const good: ServerState = { kind: 'answers', latencyMs: 1, isValidated: false, madeUp: undefined };
const silent: ServerState = { kind: 'silent', reason: 'no answer within 2000 ms' };

function asked(
  states: Readonly<Record<string, ServerState>>,
  change: Partial<DnsFacts & { kind: 'asked' }> = {},
): DnsFacts {
  const servers = Object.entries(states).map(([address, state]) => ({
    address,
    port: 53,
    isLoopback: address.startsWith('127.'),
    state,
  }));
  return { kind: 'asked', servers, isTrusted: false, missingHosts: [], searchDomains: [], ...change };
}

const cases: readonly (readonly [name: string, facts: DnsFacts, codes: readonly string[]])[] = [
  ['nothing is asked', { kind: 'offline' }, ['dns-offline']],
  ['a good one', asked({ '192.0.2.53': good }), []],
  ['none answers', asked({ '192.0.2.53': silent, '192.0.2.54': silent }), ['dns-silent', 'not-seen']],
  ['one of two is silent', asked({ '192.0.2.53': good, '192.0.2.54': silent }), ['dns-server-silent']],
  ['it refuses', asked({ '192.0.2.53': { kind: 'refuses', reason: 'REFUSED' } }), ['dns-refused']],
  ['it makes addresses up', asked({ '192.0.2.53': { ...good, madeUp: '192.0.2.80' } }), ['dns-made-up']],
  ['it is far away', asked({ '192.0.2.53': { ...good, latencyMs: 51 } }), ['dns-slow']],
  ['everybody uses it', asked({ '8.8.8.8': good }), ['dns-public']],
  ['it should validate', asked({ '127.0.0.1': good }, { isTrusted: true }), ['dns-not-validating']],
  ['it validates', asked({ '127.0.0.1': { ...good, isValidated: true } }, { isTrusted: true }), []],
  [
    'validation is not used',
    asked({ '127.0.0.1': { ...good, isValidated: true } }),
    ['dns-unused-validation'],
  ],
  ['validation elsewhere is of no use', asked({ '192.0.2.53': { ...good, isValidated: true } }), []],
  [
    'a host that does not exist',
    asked(
      { '192.0.2.53': good },
      { missingHosts: [{ host: 'mx.example.com', key: 'relay', failure: undefined }] },
    ),
    ['dns-host-missing'],
  ],
  [
    'a host that cannot be looked up',
    asked(
      { '192.0.2.53': good },
      { missingHosts: [{ host: 'mx.example.com', key: 'relay', failure: 'SERVFAIL' }] },
    ),
    ['not-seen'],
  ],
];
for (const [name, facts, expected] of cases) {
  test(name, () => {
    assert.deepEqual(
      dnsFindings(facts).map(({ code }) => code),
      expected,
    );
  });
}

test('a short name is told with the search domain that would have completed it', () => {
  const [found] = dnsFindings(
    asked(
      { '192.0.2.53': good },
      {
        missingHosts: [{ host: 'mailhub', key: 'relay', failure: undefined }],
        searchDomains: ['corp.example'],
      },
    ),
  );
  assert.match(found?.mend ?? '', /such as mailhub\.corp\.example/u);
});

test('of several lines with search domains the last one counts', () => {
  assert.deepEqual(searchDomainsIn('domain a.example\nnameserver ::1\nsearch b.example c.example\n'), [
    'b.example',
    'c.example',
  ]);
  assert.deepEqual(searchDomainsIn('nameserver ::1\nsearch .\n'), []);
});

/** Not how long the server took: that is a matter of this machine and what else it does. */
const told = (answer: Answer): string[] => codes(answer).filter((code) => code !== 'dns-slow');

/** A name server, and a configuration that asks it. */
async function server(t: TestContext, zone: Zone, authenticated = false): Promise<DnsServer> {
  const started = await startDnsServer({ zone: { arpa: {}, ...zone }, authenticated });
  t.after(() => started.close());
  return started;
}

test('a name server that answers has no finding, and a relay without an address has one', async (t) => {
  const { port } = await server(t, { 'mx.example.net': { a: ['192.0.2.1'] } });
  const { config } = ground(
    t,
    `[dns]\nservers = ["127.0.0.1:${port}"]\n[[route]]\ndomain = ["a.example"]\nrelay = ["mx.example.net"]\n[[route]]\nrelay = ["mailhub", "192.0.2.9"]\n`,
  );
  const answer = await examined(config, ['dns']);
  assert.deepEqual(told(answer), ['dns-host-missing']);
  const missing = answer.findings.find(({ code }) => code === 'dns-host-missing');
  assert.match(missing?.what ?? '', /no address of mailhub, a host of relay/u);
});

test('an answer without AD is an error where the server has to validate, and none with AD', async (t) => {
  for (const [authenticated, expected] of [
    [false, ['dns-not-validating']],
    [true, []],
  ] as const) {
    const { port } = await server(t, {}, authenticated);
    const { config } = ground(t, `[dns]\nservers = ["127.0.0.1:${port}"]\nvalidating = true\n`);
    assert.deepEqual(told(await examined(config, ['dns'])), expected);
  }
});

test('a name server that answers nothing is told within the time, and all that depends on it is not seen', async (t) => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  t.after(() => socket.close());
  await once(socket, 'listening');
  const { port } = socket.address();
  const { config } = ground(t, `[dns]\nservers = ["127.0.0.1:${port}"]\n`);
  const answer = await examined(config, ['dns', 'names']);
  assert.deepEqual([answer.code, codes(answer)], [2, ['dns-silent', 'not-seen']]);
});

test('a name server that refuses is told', async (t) => {
  const { port } = await server(t, { arpa: { behaviour: 'refused' } });
  const { config } = ground(t, `[dns]\nservers = ["127.0.0.1:${port}"]\n`);
  assert.deepEqual(codes(await examined(config, ['dns'])), ['dns-refused']);
});

test('--offline asks no name server', async (t) => {
  const { port, queries } = await server(t, {});
  const { config } = ground(t, `[dns]\nservers = ["127.0.0.1:${port}"]\n`);
  const answer = await examined(config, ['dns', 'names'], true);
  assert.deepEqual([answer.code, codes(answer), queries.size], [0, ['dns-offline'], 0]);
});
