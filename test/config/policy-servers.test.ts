// [[stage]] of kind "policy-server".

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';
import { Places } from '../../src/io/places.ts';
import { Deadlines } from '../../src/io/deadlines.ts';
import { points, type Stage } from '../../src/policy/stage.ts';
import { type LateStageParts, lateStages } from '../../src/settings/late-stages.ts';

function stage(keys: string, name = 'policy'): string {
  return `[[stage]]\nname = "${name}"\nkind = "policy-server"\n${keys}\n`;
}

const address = 'address = "inet:127.0.0.1:10023"';

function configOf(text: string) {
  return parseConfig(`hostname = "mx.example.org"\n${text}`, 'sluice.toml');
}

/** The stages that follow from a file, with their names. */
function stagesOf(text: string, placesOf: LateStageParts['placesOf'] = () => new Places(1, 1)): Stage[] {
  // No other kind of stage is made.
  const parts = {
    names: { of: () => Promise.reject(new Error('not asked')) },
    placesOf,
    deadlines: new Deadlines(),
    log: { info: () => undefined },
    pluginOf: () => ({ name: 'plugin' }),
  } as Partial<LateStageParts> as LateStageParts;
  return lateStages(configOf(text), parts).map((entry) => entry.stage);
}

test('a policy server needs an address alone, and is asked at RCPT', () => {
  const [only] = configOf(stage(address)).stage;
  assert.ok(only?.kind === 'policy-server');
  const { askAt, context, timeLimit, connections, waiting, keepIdle, keepOpen, clientNames } = only;
  assert.equal(only.address, 'inet:10023@127.0.0.1');
  assert.deepEqual([askAt, context, timeLimit, clientNames], [['rcpt'], '', 30_000, true]);
  assert.deepEqual([connections, waiting, keepIdle, keepOpen], [50, 500, 300_000, 1_000_000]);
  const asked: unknown[] = [];
  const [server] = stagesOf(stage(address), (each) => {
    asked.push(each);
    return new Places(1, 1);
  });
  assert.deepEqual(asked, [{ name: 'policy', programs: 50, waiting: 500 }]);
  assert.deepEqual(
    points.filter((point) => server?.asksAt?.(point)),
    ['rcpt'],
  );
});

test('its points are those of the file, with the end of the message as content', () => {
  const [server, end] = stagesOf(stage(`${address}\nask_at = ["connect", "end-of-data"]`));
  assert.deepEqual(
    points.filter((point) => server?.asksAt?.(point)),
    ['connect', 'content'],
  );
  assert.deepEqual(
    points.filter((point) => end?.asksAt?.(point)),
    ['connect', 'data', 'content'],
  );
});

test('policy servers that follow each other are one list; others, and those that are tested, part them', () => {
  const milter = '[[stage]]\nname = "milter"\nkind = "milter"\naddress = "unix:/run/m"\n';
  const text = [
    stage(address, 'a'),
    stage(address, 'b'),
    milter,
    stage(address, 'c'),
    stage(`${address}\ntest_only = true`, 'd'),
    stage(address, 'e'),
  ].join('');
  assert.deepEqual(
    stagesOf(text).map(({ name }) => name),
    ['a', 'b', 'end of a, b', 'milter', 'c', 'end of c', 'd', 'e', 'end of e'],
  );
});

for (const [what, keys, expected] of [
  ['no address', '', /stage\[1\]\.address/],
  [
    'an address that is none',
    'address = "10023"',
    /is no address of a policy server: it looks like "inet:10023@/,
  ],
  ['no point', `${address}\nask_at = []`, /must name one point at least/],
  [
    'a point that is none',
    `${address}\nask_at = ["vrfy"]`,
    /one of connect, helo, mail, rcpt, data, end-of-data/,
  ],
  ['a key of another kind', `${address}\nprotocol = 6`, /protocol/],
] as const) {
  test(`${what} is a mistake that says how it is right`, () => {
    assert.throws(
      () => configOf(stage(keys)),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  });
}
