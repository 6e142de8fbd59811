// [[stage]] of kind "milter".

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';
import { MilterStage } from '../../src/policy/milter/milter-stage.ts';
import { Places } from '../../src/io/places.ts';
import { Deadlines } from '../../src/io/deadlines.ts';
import { milterStage } from '../../src/settings/milter-stage.ts';

function stage(keys: string): string {
  return `hostname = "mx.example.org"\n[[stage]]\nname = "filter"\nkind = "milter"\n${keys}\n`;
}

test('a milter needs an address alone', () => {
  const config = parseConfig(stage('address = "inet:localhost:8891"'), 'sluice.toml');
  const [only] = config.stage;
  assert.ok(only?.kind === 'milter');
  const { address, timeLimit, connectTimeout, contentTimeout, connections, waiting, protocol } = only;
  assert.equal(address, 'inet:8891@localhost');
  assert.deepEqual([timeLimit, connectTimeout, contentTimeout], [30_000, 30_000, 300_000]);
  assert.deepEqual([connections, waiting, protocol], [1000, 500, 6]);
  const asked: unknown[] = [];
  const made = milterStage(only, config.hostname, {
    names: { of: () => Promise.reject(new Error('not asked')) },
    placesOf: (each) => {
      asked.push(each);
      return new Places(1, 1);
    },
    deadlines: new Deadlines(),
  });
  assert.ok(made instanceof MilterStage);
  assert.deepEqual(asked, [{ name: 'filter', programs: 1000, waiting: 500 }]);
});

const address = 'address = "unix:/run/filter.sock"';
for (const [what, keys, expected] of [
  ['no address', '', /stage\[1\]\.address/],
  ['an address that is none', 'address = "/run/filter.sock"', /it looks like "inet:11332@127\.0\.0\.1"/],
  ['a newer protocol', `${address}\nprotocol = 7`, /a whole number from 2 to 6/],
  ['a macro that is none', `${address}\nmacros = { connect = ["{client addr}"] }`, /is no macro/],
  ['macros of no command', `${address}\nmacros = { quit = ["j"] }`, /the keys here are connect, helo, mail/],
  ['a key of another kind', `${address}\nplugins = "/var/qmail/control/smtpplugins"`, /plugins/],
] as const) {
  test(`${what} is a mistake that says how it is right`, () => {
    assert.throws(
      () => parseConfig(stage(keys), 'sluice.toml'),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  });
}
