// Filters and defences that could never do anything, or would ask Sluice itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { filterWarnings } from '../../src/config/check/filter-warnings.ts';
import { parseConfig } from '../../src/config/config.ts';

function warningsOf(keys: string, listen = '127.0.0.1:2525'): string[] {
  const text = `hostname = "mx.example.org"\n[[listen]]\naddress = "${listen}"\n[[stage]]\nname = "s"\n${keys}\n`;
  return filterWarnings(parseConfig(text, 'sluice.toml')).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
}

const lists = (thresholds: string, ...more: readonly string[]): string =>
  `kind = "dns-lists"\n${thresholds}\n${more.map((each, at) => `[[stage.list]]\nzone = "z${at}.example"\n${each}`).join('\n')}`;

for (const [keys, warning] of [
  [lists('reject_at = 3', 'weight = 1', 'weight = 2'), undefined],
  [
    lists('reject_at = 4', 'weight = 1', 'weight = 2'),
    /^stage\.0\.reject_at: is never reached: .* 3 together$/,
  ],
  [
    lists('quarantine_at = 2', 'weight = 1', 'weight = -5'),
    /^stage\.0\.quarantine_at: is never reached: .* 1 together$/,
  ],
  [
    lists('reject_at = 1\nmark_at = 2', '', ''),
    /^stage\.0\.mark_at: marks no mail: it is refused from a score of 1 on$/,
  ],
  [lists('reject_at = 2\nmark_at = 1', '', ''), undefined],
  [
    lists('reject_at = 1\ntempfail_at = 2', '', ''),
    /^stage\.0\.tempfail_at: asks no client to come again: it is refused from a score of 1 on$/,
  ],
  [lists('reject_at = 2\ntempfail_at = 1', '', ''), undefined],
  [
    lists('tempfail_at = 1\nquarantine_at = 1', ''),
    /^stage\.0\.quarantine_at: holds no mail: .* score of 1 on$/,
  ],
  [
    lists('reject_at = 1', 'weight = 1', 'zone = "z0.example"').replace('zone = "z1.example"\n', ''),
    /^stage\.0\.list\.1\.zone: z0\.example is asked twice/,
  ],
  [
    lists('reject_at = 1', 'answers = ["127.0.0.2"]', 'zone = "z0.example"').replace(
      'zone = "z1.example"\n',
      '',
    ),
    undefined,
  ],
  ['kind = "rspamd"\naddress = "inet:11332@127.0.0.1"', /^stage\.0\.address: 11332 is the port .* milter/],
  ['kind = "rspamd"\naddress = "inet:11333@127.0.0.1"', undefined],
  [
    lists('reject_at = 1', 'answers = ["127.0.0.1"]'),
    /^stage\.0\.list\.0\.answers: no list answers 127\.0\.0\.1/,
  ],
  [lists('reject_at = 1', 'answers = ["127.0.0.1-127.0.0.4"]'), undefined],
  ['kind = "content-checks"', /^stage\.0: s has no table, and looks at nothing/],
  ['kind = "content-checks"\nbody_checks = ["pcre:/etc/x"]', undefined],
  [
    'kind = "milter"\naddress = "inet:127.0.0.1:2525"',
    /^stage\.0\.address: .* is a listener of this Sluice itself/,
  ],
  ['kind = "milter"\naddress = "inet:2525@localhost"', /^stage\.0\.address: /],
  ['kind = "milter"\naddress = "inet:127.0.0.1:2526"', undefined],
  ['kind = "greylist"\ndelay = "5m"\nwindow = "1m"', /^stage\.0\.window: is not longer than delay/],
  ['kind = "greylist"\ndelay = "5m"\nwindow = "6m"', undefined],
  ['kind = "tarpit"', /^stage\.0: s makes nobody wait/],
  ['kind = "tarpit"\nafter_refused = 3', undefined],
  ['kind = "greeting"\nteaser = "wait"', /^stage\.0\.teaser: is not sent without a delay/],
  ['kind = "greeting"\nteaser = "wait"\ndelay = "5s"', undefined],
  [
    'kind = "milter"\naddress = "inet:127.0.0.1:1"\nprotocol = 2\nreuse_connections = true',
    /^stage\.0\.reuse_connections: needs a milter of protocol 6/,
  ],
  ['kind = "milter"\naddress = "inet:127.0.0.1:1"\nreuse_connections = true', undefined],
  ['kind = "policy-server"\naddress = "inet:127.0.0.1:2525"', /^stage\.0\.address: /],
  ['kind = "clamd"\naddress = "inet:127.0.0.1:2525"', /^stage\.0\.address: /],
] as const) {
  test(`${keys.replaceAll('\n', ' ')} is ${warning === undefined ? 'not ' : ''}warned of`, () => {
    const [first, ...more] = warningsOf(keys);
    assert.deepEqual(more, []);
    if (warning === undefined) assert.equal(first, undefined);
    else assert.match(first ?? '', warning);
  });
}

test('a filter at the socket of a listener is warned of', () => {
  assert.match(
    warningsOf('kind = "milter"\naddress = "unix:/run/x.sock"', 'unix:/run/x.sock')[0] ?? '',
    /is a listener of this Sluice itself/,
  );
});

for (const [keys, message] of [
  ['kind = "policy-server"\naddress = "inet:127.0.0.1:1"\ncontext = "a\\nb"', /must be one line/],
  ['kind = "policy-server"\naddress = "inet:127.0.0.1:1"\nask_at = ["rcpt", "rcpt"]', /names a point twice/],
  ['kind = "rspamd"\non_spam = { add_field = "Received: x" }', /Received is a field of mail servers/],
  ['kind = "client-checks"\nhelo_literal = "mark"\nfield = "Received"', /Received is a field of mail itself/],
  [lists('field = "subject"\nmark_at = 1', ''), /subject is a field of mail itself/],
] as const) {
  test(`${keys.replaceAll('\n', ' ')} is an error`, () => {
    assert.throws(() => warningsOf(keys), message);
  });
}
