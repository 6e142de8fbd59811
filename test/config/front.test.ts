// What [front] has to say, and what a front end may not have.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';

const parse = (text: string) => parseConfig(text, '/etc/sluice/sluice.toml');
const servers = '[front]\nservers = ["smtp://192.0.2.1:25", "lmtp:unix:/run/lmtp"]\n';

test('a front end names its central servers', () => {
  assert.equal(parse('').front.servers.length, 0);
  assert.equal(parse(servers).front.servers.length, 2);
  assert.throws(() => parse('[front]\n'), /must name the central servers/u);
  assert.throws(() => parse('[front]\nconnect_timeout = "5s"\n'), /must name the central servers/u);
  assert.throws(() => parse('[front]\nservers = ["192.0.2.1"]\n'), /write the protocol and an address/u);
});

test('a server that is written unclearly, twice, or is this front end itself is a mistake', () => {
  const named = (list: string, more = '') => parse(`[front]\nservers = [${list}]\n${more}`);
  assert.throws(() => named('"smtp://::1:25"'), /an IPv6 address in brackets, e\.g\. "smtp:/u);
  assert.throws(() => named('"smtp://2001:db8::1"'), /in brackets/u);
  assert.equal(named('"smtp://[2001:db8::1]:25", "smtp://[2001:db8::1]:26"').front.servers.length, 2);
  assert.throws(() => named('"smtp://192.0.2.1", "smtp://192.0.2.1:25"'), /is named twice/u);
  assert.equal(named('"smtp://192.0.2.1:25", "lmtp://192.0.2.1:24"').front.servers.length, 2);
  // The listener that is there without [[listen]].
  assert.throws(() => named('"smtp://127.0.0.1:2525"'), /this front end itself listens/u);
  const listens = (address: string) => `[[listen]]\naddress = "${address}"\n`;
  assert.throws(() => named('"smtp://127.0.0.3:25"', listens('0.0.0.0:25')), /itself listens/u);
  assert.throws(() => named('"lmtp:unix:/run/lmtp"', listens('unix:/run/lmtp')), /itself listens/u);
  assert.equal(named('"smtp://127.0.0.3:26"', listens('0.0.0.0:25')).front.servers.length, 1);
  // A wildcard takes the addresses of this host alone, and this may be another host.
  assert.equal(named('"smtp://192.0.2.1:25"', listens('0.0.0.0:25')).front.servers.length, 1);
});

test('weights are as many as servers', () => {
  assert.throws(() => parse(`${servers}weights = [1]\n`), /one number for each of the 2 servers/u);
  assert.deepEqual(parse(`${servers}weights = [3, 1]\n`).front.weights, [3, 1]);
});

test('tables about a queue are mistakes', () => {
  for (const table of [
    '[[route]]\nrelay = ["192.0.2.3"]',
    '[queues.news]',
    '[[assignment]]\nqueue = "default"',
  ])
    assert.throws(() => parse(`${servers}\n${table}\n`), /a front end has none/u, table);
});
