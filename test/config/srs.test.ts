// [srs], and srs in [[route]]: how senders of mail that is passed on are rewritten.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';
import { srsSettings } from '../../src/settings/srs.ts';

const srs = '[srs]\ndomain = "SRS.Example.com"\nsecret_file = "srs.secret"\n';

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, '/etc/sluice/sluice.toml');
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ key, message }) => `${key}: ${message}`);
  }
}

test('without a domain there is no SRS; with one, all else has a default', () => {
  assert.equal(parseConfig('', 'sluice.toml').srs, undefined);
  assert.deepEqual(parseConfig(srs, '/etc/sluice/sluice.toml').srs, {
    domain: 'srs.example.com',
    secretFile: '/etc/sluice/srs.secret',
    expiry: 21 * 86_400_000,
    keep: [],
    tooLong: 'keep',
    bouncesOnly: false,
    separator: '=',
    hashLength: 4,
  });
});

test('domain and secret_file belong together, and a route needs both', () => {
  assert.match(problemsOf('[srs]\ndomain = "a.test"\n')[0]!, /^srs\.domain: needs secret_file/);
  assert.match(problemsOf('[srs]\nsecret_file = "x"\n')[0]!, /^srs\.secret_file: needs domain/);
  assert.match(problemsOf('[[route]]\nmx = true\nsrs = true\n')[0]!, /^route\[1\]\.srs: needs \[srs\]/);
  assert.deepEqual(problemsOf(`${srs}[[route]]\nmx = true\nsrs = true\n`), []);
});

test('only routes to other servers rewrite', () => {
  const of = (target: string) => problemsOf(`${srs}[[route]]\n${target}\nsrs = true\n`).length;
  assert.deepEqual(
    [
      'relay = ["a.test"]',
      'mx = true',
      'lmtp = ["127.0.0.1:24"]',
      'discard = true',
      'error = "550 5.1.1 x"',
    ].map(of),
    [0, 0, 1, 1, 1],
  );
});

test('what this server may send for is never rewritten', () => {
  const { isOwn } = srsSettings(
    parseConfig(
      `hostname = "mx.host.test"\n[receive]\nrelay_domains = ["hosted.test"]\n[[signing_key]]\ndomain = ["*.signed.test"]\nfile = "k.pem"\n${srs}keep = ["friend.test"]\n`,
      'sluice.toml',
    ),
  )!;
  const domains = ['mx.host.test', 'hosted.test', 'a.signed.test', 'friend.test', 'signed.test', 'far.test'];
  assert.deepEqual(domains.map(isOwn), [true, true, true, true, false, false]);
});
