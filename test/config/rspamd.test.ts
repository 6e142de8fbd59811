// [[stage]] of kind "rspamd".

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';
import { Deadlines } from '../../src/io/deadlines.ts';
import { Places } from '../../src/io/places.ts';
import { RspamdStage } from '../../src/policy/rspamd/rspamd-stage.ts';
import { rspamdStage } from '../../src/settings/rspamd-stage.ts';

function stage(keys: string): string {
  return `hostname = "mx.example.org"\n[[stage]]\nname = "rspamd"\nkind = "rspamd"\n${keys}\n`;
}

function parsed(keys: string) {
  const [only] = parseConfig(stage(keys), '/etc/sluice/sluice.toml').stage;
  assert.ok(only?.kind === 'rspamd');
  return only;
}

test('rspamd needs an address alone', () => {
  const only = parsed('address = "inet:127.0.0.1:11333"');
  const { address, timeLimit, connections, waiting, maxSize, onTooLarge, onSpam, onReject } = only;
  assert.equal(address, 'inet:11333@127.0.0.1');
  assert.deepEqual([timeLimit, connections, waiting, maxSize], [120_000, 20, 200, 50 * 1024 ** 2]);
  assert.deepEqual([onTooLarge, onSpam.action, onReject.action], [undefined, 'continue', 'reject']);
  const asked: unknown[] = [];
  const made = rspamdStage(only, 'mx.example.org', {
    placesOf: (each) => {
      asked.push(each);
      return new Places(1, 1);
    },
    deadlines: new Deadlines(),
    names: { of: () => Promise.reject(new Error('not asked')) },
  });
  assert.ok(made instanceof RspamdStage);
  assert.deepEqual(asked, [{ name: 'rspamd', programs: 20, waiting: 200 }]);
});

const address = 'address = "inet:11333@127.0.0.1"';

test('the file of the password is found from the folder of the configuration', () => {
  assert.equal(
    parsed(`${address}\npassword_file = "rspamd.password"`).passwordFile,
    '/etc/sluice/rspamd.password',
  );
});

for (const [what, keys, expected] of [
  ['an address of HTTP', 'address = "http://127.0.0.1:11333"', /it looks like "inet:11333@127/],
  ['a flag with a line end', `${address}\nflags = ["a\\r\\nX: y"]`, /is no such name/],
  ['settings with a comma', `${address}\nsettings_id = "a,b"`, /is no such name/],
  [
    'a route that is not there',
    `${address}\non_spam = { route = "junk" }`,
    /no \[\[route\]\] with the name "junk"/,
  ],
] as const) {
  test(`${what} is a mistake that says how it is right`, () => {
    assert.throws(
      () => parseConfig(stage(keys), '/etc/sluice/sluice.toml'),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  });
}

test('the file of the password is none that the spool uses itself', () => {
  const text = `spool = "/x"\n${stage(`${address}\npassword_file = "/x/journal"`)}`;
  assert.throws(
    () => parseConfig(text, '/etc/sluice/sluice.toml'),
    /password_file.*a name that the spool uses itself/s,
  );
});
