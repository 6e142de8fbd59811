// What a [[listen]] says of front ends that tell of their clients.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';

const parse = (lines: string) =>
  parseConfig(`[[listen]]\naddress = "127.0.0.1:0"\n${lines}\n`, '/etc/sluice/sluice.toml');

test('log-ins of front ends count where front ends are named, and only when it is said', () => {
  assert.throws(() => parse('xclient_logins = true'), /nobody tells of log-ins: name the front ends/u);
  assert.equal(parse('xclient = ["192.0.2.1"]').listen[0]?.xclientLogins, false);
  assert.equal(parse('xclient = ["192.0.2.1"]\nxclient_logins = true').listen[0]?.xclientLogins, true);
});
