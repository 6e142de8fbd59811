// [[stage]] of kind "greylist".

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';
import { GreylistStage } from '../../src/policy/greylist/greylist-stage.ts';
import { points } from '../../src/policy/stage.ts';
import { greylistStage } from '../../src/settings/greylist-stage.ts';

/** A stage whose results are named. */
const allowList = `[[stage]]
name = "dnswl"
kind = "dns-lists"
[[stage.list]]
zone = "list.dnswl.example"
weight = -1
`;

function stage(keys = '') {
  const text = `hostname = "mx.example.org"\n[[stage]]\nname = "grey"\nkind = "greylist"\n${keys}\n${allowList}`;
  const [only] = parseConfig(text, 'sluice.toml').stage;
  assert.ok(only?.kind === 'greylist');
  return only;
}

const nobody = () => Promise.reject(new Error('not asked'));

test('greylisting needs no key', () => {
  const { delay, window, lifetime, allowAfter, audience, onFailure, timeLimit, entries } = stage();
  assert.deepEqual([delay, window, lifetime], [300_000, 172_800_000, 36 * 86_400_000]);
  assert.deepEqual([allowAfter, entries, timeLimit], [5, 1_000_000, 5000]);
  assert.deepEqual([audience, onFailure], ['unknown', 'continue']);
});

for (const [keys, expected] of [
  ['', ['rcpt', 'data']],
  ['except_results = ["dnswl.allowed=yes"]', ['rcpt', 'data']],
  ['except_results = ["verification.spf=pass"]', ['data']],
  ['except_results = ["dnswl.allowed=yes", "verification.dkim=pass"]', ['content']],
  ['except_results = ["verification.dkim=pass"]\nat = "data"', ['data']],
] as const) {
  test(`with ${keys === '' ? 'nothing' : keys} it is asked at ${expected.join(' and ')}`, () => {
    const made = greylistStage(stage(keys), { of: nobody }, { greylist: nobody });
    assert.ok(made instanceof GreylistStage);
    assert.deepEqual(
      points.filter((point) => made.asksAt(point)),
      expected,
    );
  });
}

for (const [what, keys, expected] of [
  ['a condition that is none', 'except_results = ["spf=pass"]', /write STAGE\.KEY=VALUE/],
  ['a network that is none', 'except_clients = ["192.0.2.0/33"]', /prefix/],
  ['a delay of nothing', 'delay = "0s"', /too short/],
  ['a size of networks that is none', 'network_ipv4 = 33', /a whole number from 8 to 32/],
  ['a point where it cannot be asked', 'at = "helo"', /"rcpt" or "data" or "content"/],
] as const) {
  test(`${what} is a mistake that says how it is right`, () => {
    assert.throws(
      () => stage(keys),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  });
}
