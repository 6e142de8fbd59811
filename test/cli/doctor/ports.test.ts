// Ports, as `sluice doctor` judges them, and as it finds them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { unreservedOf } from '../../../src/cli/doctor/port-facts.ts';
import { type ListenerProblem, type PortFacts, portFindings } from '../../../src/cli/doctor/ports.ts';
import { closingIn, listenedPorts } from '../../../src/cli/doctor/socket-table.ts';
import { codes, examined, ground } from './ground.ts';

const good: PortFacts = {
  listeners: [],
  unseen: [],
  missingSources: [],
  range: { first: 32_768, last: 60_999 },
  unreserved: [],
  shortages: [],
  closing: { count: 100, room: 28_232 },
  tracked: { count: 500, most: 262_144 },
  connections: 11_000,
  backlog: { kernel: 4096, own: 1024 },
  isRunning: true,
};
const refused = (code: string, holder?: string): Partial<PortFacts> => ({
  listeners: [{ address: '0.0.0.0:25', port: 25, code, holder } satisfies ListenerProblem],
});

const cases: readonly (readonly [name: string, change: Partial<PortFacts>, codes: readonly string[]])[] = [
  ['all is well', {}, []],
  [
    'a system that tells nothing',
    { range: undefined, closing: undefined, tracked: undefined, backlog: undefined },
    [],
  ],
  ['a port that another program has', refused('EADDRINUSE', 'master (process 8)'), ['ports-taken']],
  ['a port that needs rights', refused('EACCES'), ['ports-forbidden']],
  ['an address of another host', refused('EADDRNOTAVAIL'), ['ports-address-missing']],
  ['a port in use, and nobody says by whom', { unseen: ['0.0.0.0:25'] }, ['not-seen']],
  ['a source of another host', { missingSources: ['192.0.2.25'] }, ['ports-source-missing']],
  [
    'too few ports',
    { shortages: [{ code: 'CAPACITY_PORTS', message: 'Too few', advice: 'Widen' }] },
    ['ports-few'],
  ],
  ['a listener in the range of connections', { unreserved: [40_025] }, ['ports-unreserved']],
  ['ports of closed connections', { closing: { count: 20_000, room: 28_232 } }, ['ports-closing']],
  ['a full table of the packet filter', { tracked: { count: 250_000, most: 262_144 } }, ['ports-tracking']],
  ['a table that is too small', { tracked: { count: 500, most: 8_192 } }, ['ports-tracking']],
  [
    'a table in which others leave too little before a start',
    { isRunning: false, tracked: { count: 8_000, most: 16_384 } },
    ['ports-tracking'],
  ],
  ['the same with the connections of Sluice in it', { tracked: { count: 8_000, most: 16_384 } }, []],
  ['a short queue of the kernel', { backlog: { kernel: 128, own: 1024 } }, ['ports-backlog']],
];
for (const [name, change, expected] of cases) {
  test(name, () => {
    assert.deepEqual(
      portFindings({ ...good, ...change }).map(({ code }) => code),
      expected,
    );
  });
}

test('ports of listeners in the range are told, unless they are reserved', () => {
  const at = (port: number) => ({ host: '0.0.0.0', port });
  const range = { first: 32_768, last: 60_999 };
  const listened = [at(25), at(40_025), at(40_025), at(50_000), at(60_999)];
  assert.deepEqual(unreservedOf(listened, range, '\n'), [40_025, 50_000, 60_999]);
  assert.deepEqual(unreservedOf(listened, range, '40000-40100,60999\n'), [50_000]);
});

const table = [
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
  '   0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1503 1 ff 100 0 0 10 0',
  '   1: 0100007F:8000 0100007F:0019 06 00000000:00000000 03:00000F4D 00000000     0        0 0 3 ff',
  '   2: 0100007F:0019 0100007F:8000 06 00000000:00000000 03:00000F4D 00000000     0        0 0 3 ff',
  '   3: 0100007F:8001 0100007F:0019 01 00000000:00000000 03:00000F4D 00000000     0        0 77 3 ff',
  '',
].join('\n');

test('of the table of sockets, listeners are read, and what closes with an own port of the range', () => {
  assert.deepEqual(listenedPorts(table), [{ port: 25, inode: '1503' }]);
  assert.equal(closingIn(table, { first: 32_768, last: 60_999 }), 1);
});

test('the program that has the port of a listener is named', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const { config } = ground(t, `[[listen]]\naddress = "127.0.0.1:${port}"\n`);
  const answer = await examined(config, ['ports']);
  const taken = answer.findings.filter(({ code }) => code === 'ports-taken');
  assert.deepEqual([answer.code, taken.length], [2, 1]);
  if (process.platform === 'linux')
    assert.match(taken[0]?.what ?? '', new RegExp(`\\(process ${process.pid}\\) has`, 'u'));
});

test('a source that this host does not have is an error', async (t) => {
  const { config } = ground(t, '[[source]]\naddress = "192.0.2.77"\n');
  assert.ok(codes(await examined(config, ['ports'])).includes('ports-source-missing'));
});
