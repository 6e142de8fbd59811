// [[stage]] of kind "clamd".

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';
import { Deadlines } from '../../src/io/deadlines.ts';
import { Places } from '../../src/io/places.ts';
import { ClamdStage } from '../../src/policy/clamd/clamd-stage.ts';
import { clamdStage } from '../../src/settings/clamd-stage.ts';

const route = '[[route]]\nname = "infected"\ndomain = ["infected.invalid"]\nmx = true\n';

function stage(keys: string): string {
  return `hostname = "mx.example.org"\n${route}[[stage]]\nname = "clamav"\nkind = "clamd"\n${keys}\n`;
}

function parsed(keys: string) {
  const [only] = parseConfig(stage(keys), 'sluice.toml').stage;
  assert.ok(only?.kind === 'clamd');
  return only;
}

test('clamd needs an address alone', () => {
  const only = parsed('address = "inet:localhost:3310"');
  const { address, timeLimit, connections, waiting, maxSize, onTooLarge, onVirus } = only;
  assert.equal(address, 'inet:3310@localhost');
  assert.deepEqual([timeLimit, connections, waiting, maxSize], [120_000, 10, 200, 25 * 1024 ** 2]);
  assert.deepEqual([onTooLarge, onVirus.action, onVirus.route], [undefined, 'reject', undefined]);
  const asked: unknown[] = [];
  const made = clamdStage(only, {
    placesOf: (each) => {
      asked.push(each);
      return new Places(1, 1);
    },
    deadlines: new Deadlines(),
  });
  assert.ok(made instanceof ClamdStage);
  assert.deepEqual(asked, [{ name: 'clamav', programs: 10, waiting: 200 }]);
});

const address = 'address = "unix:/run/clamav/clamd.ctl"';

test('what becomes of a virus: without an action, mail with a route or a field goes on', () => {
  assert.deepEqual(parsed(`${address}\non_virus = { route = "infected" }`).onVirus, {
    action: 'continue',
    route: 'infected',
    field: undefined,
  });
  assert.deepEqual(parsed(`${address}\non_virus = { add_field = "X-Virus:  yes" }`).onVirus, {
    action: 'continue',
    route: undefined,
    field: { name: 'X-Virus', value: 'yes' },
  });
  assert.equal(
    parsed(`${address}\non_virus = { action = "quarantine", route = "infected" }`).onVirus.action,
    'quarantine',
  );
});

for (const [what, keys, expected] of [
  ['no address', '', /stage\[1\]\.address/],
  ['an address that is none', 'address = "/run/clamd.ctl"', /it looks like "inet:/],
  [
    'a route that is not there',
    `${address}\non_virus = { route = "infectid" }`,
    /no \[\[route\]\] with the name "infectid"/,
  ],
  ['an action that is none', `${address}\non_virus = { action = "delete" }`, /"reject" or "tempfail" or/],
  [
    'a field that is none',
    `${address}\non_virus = { add_field = "X-Virus" }`,
    /is no field: it looks like "X-Spam: Yes"/,
  ],
  ['a field with a line end', `${address}\non_virus = { add_field = "X-V: a\\r\\nX-W: b" }`, /is no field/],
  ['a key of another kind', `${address}\nmacros = {}`, /macros/],
  ['no time at all', `${address}\ntime_limit = "0s"`, /too short/],
] as const) {
  test(`${what} is a mistake that says how it is right`, () => {
    assert.throws(
      () => parseConfig(stage(keys), 'sluice.toml'),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  });
}

test('a tap may wait for what a stage finds out, for any address', () => {
  const tap = (results: string) =>
    `[[tap]]\nname = "bad"\ncopy_to = "abuse@example.com"\nresults = [${results}]\n`;
  const config = parseConfig(stage(address) + tap('"clamav.verdict=virus"'), 'sluice.toml');
  assert.deepEqual(config.tap[0]?.results, ['clamav.verdict=virus']);
  for (const [results, expected] of [
    ['"clamaw.verdict=virus"', /no \[\[stage\]\] with the name "clamaw"/],
    ['"clamav"', /is no condition on the result of a stage/],
    ['', /must have one condition/],
  ] as const)
    assert.throws(
      () => parseConfig(stage(address) + tap(results), 'sluice.toml'),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
});
