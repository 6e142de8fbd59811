// resolv.conf(5): name servers, with IPv6 zones, and the two options that Sluice uses.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseResolvConf } from '../../src/dns/resolv-conf.ts';
import { readResolvConf } from '../../src/dns/resolver.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const local = [{ address: '127.0.0.1', port: 53 }];

for (const [what, text, servers] of [
  ['nothing', '', local],
  ['comments only', '# nameserver 192.0.2.1\n; nameserver 192.0.2.2\n', local],
  ['one server', 'search example.com\nnameserver 192.0.2.1\n', [{ address: '192.0.2.1', port: 53 }]],
  [
    'several, with spaces, tabs, CRs and comments',
    'nameserver 192.0.2.1\r\n  nameserver\t2001:db8::1   # second\nnameserver fe80::1%eth0',
    [
      { address: '192.0.2.1', port: 53 },
      { address: '2001:db8::1', port: 53 },
      { address: 'fe80::1%eth0', port: 53 },
    ],
  ],
  ['names and rubbish', 'nameserver ns.example.com\nnameserver\nnameservers 192.0.2.1\n\u0000', local],
] as const) {
  test(`${what}: ${servers.map((server) => server.address).join(', ')}`, () => {
    assert.deepEqual(parseResolvConf(text).servers, servers);
  });
}

test('timeout and attempts are read within the bounds of the manual page', () => {
  const read = (text: string) => {
    const { timeoutMs, attempts } = parseResolvConf(text);
    return [timeoutMs, attempts];
  };
  assert.deepEqual(read(''), [undefined, undefined]);
  assert.deepEqual(read('options ndots:2 timeout:3 attempts:4 edns0'), [3000, 4]);
  assert.deepEqual(read('options timeout:300 attempts:99'), [30_000, 5]);
  assert.deepEqual(read('options timeout: attempts:x timeout:0'), [undefined, undefined]);
});

test('the file is read; without one, the server on this host is asked', (t) => {
  const { path: folder } = temporaryFolder(t, 'resolv-conf');
  const path = join(folder, 'resolv.conf');
  assert.deepEqual(readResolvConf(path).servers, local);
  writeFileSync(path, 'nameserver 192.0.2.9\n');
  assert.deepEqual(readResolvConf(path).servers, [{ address: '192.0.2.9', port: 53 }]);
});
