// What a [[listen]] of QMQP or QMTP may not say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';

const parse = (lines: string) =>
  parseConfig(`[[listen]]\naddress = "127.0.0.1:0"\n${lines}\n`, '/etc/sluice/sluice.toml');

test('a listener of QMQP names its clients, or the configuration is refused', () => {
  assert.throws(() => parse('protocol = "qmqp"'), /whoever may connect by QMQP may send to anyone/u);
  for (const nobody of ['relay_networks = []', 'relay_certificates = []\ntls = "implicit"'])
    assert.throws(() => parse(`protocol = "qmqp"\n${nobody}`), /whoever may connect by QMQP/u, nobody);
  for (const clients of ['relay_networks = ["192.0.2.0/24"]', 'relay_ca = "ca.pem"\ntls = "implicit"'])
    assert.equal(parse(`protocol = "qmqp"\n${clients}`).listen[0]?.protocol, 'qmqp');
  assert.equal(parse('protocol = "qmtp"').listen[0]?.protocol, 'qmtp');
});

test('neither protocol has STARTTLS or XCLIENT', () => {
  assert.throws(() => parse('protocol = "qmtp"\ntls = "offered"'), /QMTP has no STARTTLS/u);
  assert.throws(() => parse('protocol = "qmtp"\nxclient = ["192.0.2.1"]'), /QMTP has no such command/u);
});
