// Which socket of the service manager is for which listener.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, findHanded, unwantedSockets } from '../../../src/process/service/handed-sockets.ts';
import { parseListenAddress } from '../../../src/values/listen-address.ts';

const tables = {
  tcp: `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:09DD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:09DD 0100007F:A000 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
   2: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
`,
  tcp6: `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0019 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1 0000000000000000 100 0 0 10 0
   1: B80D0120000000000000000001000000:01D1 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4715 1 0000000000000000 100 0 0 10 0
`,
  unix: `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 4716 /run/sluice lmtp.sock
0000000000000000: 00000003 00000000 00000000 0001 03 4717 /run/sluice lmtp.sock
`,
};

test('the address of a listening socket is read from the tables of the kernel', () => {
  const address = (inode: string) => addressOf(inode, tables);
  assert.deepEqual(address('4711'), { kind: 'tcp', host: '127.0.0.1', port: 2525 });
  assert.deepEqual(address('4713'), { kind: 'tcp', host: '0.0.0.0', port: 25 });
  assert.deepEqual(address('4714'), { kind: 'tcp', host: '::', port: 25 });
  assert.deepEqual(address('4715'), { kind: 'tcp', host: '2001:db8::1', port: 465 });
  assert.deepEqual(address('4716'), { kind: 'unix', path: '/run/sluice lmtp.sock' });
  // Connections are no listening sockets, and what is not there is not found.
  for (const inode of ['4712', '4717', '1', '']) assert.equal(address(inode), undefined);
});

const sockets = [
  { fd: 3, name: 'smtp', address: parseListenAddress('0.0.0.0:25') },
  { fd: 4, name: 'smtp6', address: parseListenAddress('[2001:db8::1]:25') },
  { fd: 5, name: 'lmtp', address: parseListenAddress('unix:/run/lmtp') },
  { fd: 6, name: 'elsewhere' },
];

test('a listener gets the socket with its address, or the one of its name', () => {
  const found = (address: string, socketName?: string) =>
    findHanded(sockets, {
      address: parseListenAddress(address),
      ...(socketName !== undefined && { socketName }),
    })?.fd;
  assert.equal(found('0.0.0.0:25'), 3);
  assert.equal(found('[2001:0db8:0::0001]:25'), 4);
  assert.equal(found('unix:/run/lmtp'), 5);
  assert.equal(found('127.0.0.1:25'), undefined);
  assert.equal(found('10.0.0.1:99', 'elsewhere'), 6);
  // A name that is given decides alone.
  assert.equal(found('0.0.0.0:25', 'other'), undefined);
});

test('a socket that no listener is for is named', () => {
  const listeners = ['0.0.0.0:25', 'unix:/run/lmtp'].map((text) => ({ address: parseListenAddress(text) }));
  const said = unwantedSockets(sockets, listeners);
  assert.equal(said.length, 2);
  assert.match(said[0]!, /socket for \[2001:db8::1\]:25 \(smtp6\), and no \[\[listen\]\] is for it/u);
  assert.match(said[1]!, /socket for an address that cannot be told \(elsewhere\)/u);
});
