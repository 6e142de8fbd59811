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
