// Warnings of networks that hold a large part of the Internet, where their hosts get rights.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wideNetworkWarnings } from '../../src/config/check/wide-networks.ts';
import { parseConfig } from '../../src/config/config.ts';

function warningsOf(text: string): string[] {
  return wideNetworkWarnings(parseConfig(text, '/etc/sluice/sluice.toml')).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
}

for (const [key, how] of [
  ['proxy_protocol', 'by a PROXY header'],
  ['xclient', 'by XCLIENT'],
] as const) {
  test(`${key} of everybody is warned of: all could pretend to be a client that may relay`, () => {
    const text = `[[listen]]\naddress = "192.0.2.1:2525"\n${key} = ["0.0.0.0/0", "192.0.2.9", "::/0", "0.0.0.0/1", "::ffff:0:0/96"]`;
    const warnings = warningsOf(text);
    assert.deepEqual(
      warnings.map((each) => each.split(' ')[0]),
      [0, 2, 3, 4].map((index) => `listen.0.${key}.${index}:`),
    );
    const [first = ''] = warnings;
    assert.ok(first.includes(`can pretend to be any client ${how}, and so send mail to anyone`), first);
  });

  test(`${key} of private networks is no mistake`, () => {
    const networks = '["10.0.0.0/8", "172.16.0.0/12", "127.0.0.0/8", "fc00::/7", "2001:db8::/32"]';
    assert.deepEqual(warningsOf(`[[listen]]\naddress = "192.0.2.1:2525"\n${key} = ${networks}`), []);
  });
}

test('relay_networks of everybody is warned of, of private networks not', () => {
  const [first = '', ...more] = warningsOf('[receive]\nrelay_networks = ["10.0.0.0/8", "fc00::/7", "::/3"]');
  assert.equal(
    first,
    'receive.relay_networks.2: ::/3 is a large part of the Internet; all of its clients can send mail to anyone through this host (open relay)',
  );
  assert.deepEqual(more, []);
});

for (const [what, more] of [
  ['a listener', ''],
  ['a listener of a content filter', 'from_filter = "any"\n'],
] as const) {
  test(`relay_networks of everybody at ${what} is warned of, of private networks not`, () => {
    const text = `[[listen]]
address = "192.0.2.1:2525"
relay_networks = ["192.168.0.0/16"]

[[listen]]
address = "192.0.2.1:2526"
${more}relay_networks = ["10.0.0.0/8", "0.0.0.0/0"]`;
    assert.deepEqual(warningsOf(text), [
      'listen.1.relay_networks.1: 0.0.0.0/0 is a large part of the Internet; all of its clients can send mail to anyone through this host (open relay)',
    ]);
  });
}
