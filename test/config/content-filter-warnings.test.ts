// Warnings of content filters whose mail would go in a circle, or reach no filter.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { configWarnings } from '../../src/config/check/warnings.ts';
import { parseConfig } from '../../src/config/config.ts';

interface Parts {
  readonly back?: string;
  readonly stage?: string;
  readonly to?: string;
}

const usualBack = '[[listen]]\naddress = "127.0.0.1:10025"\nfrom_filter = "any"\n';

/** The paths and texts of warnings about stages and routes. */
function warningsOf({ back = usualBack, stage = '', to = 'relay = ["127.0.0.1:10024"]' }: Parts): string[] {
  const text = `hostname = "mx.example.org"
[[listen]]
address = "192.0.2.1:25"
[[listen]]
address = "0.0.0.0:2525"
${back}
[[route]]
name = "scan"
domain = ["scan.invalid"]
${to}
[[stage]]
name = "filter"
kind = "content-filter"
route = "scan"
${stage}`;
  return configWarnings(parseConfig(text, '/etc/sluice/sluice.toml'))
    .filter(({ path }) => path[0] === 'stage' || path[0] === 'route')
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a filter whose mail comes back where it is not sent there again is no mistake', () => {
  assert.deepEqual(warningsOf({}), []);
  assert.deepEqual(warningsOf({ back: '', stage: 'listen = ["192.0.2.1:25"]' }), []);
  for (const audience of ['users', 'strangers'])
    assert.deepEqual(warningsOf({ back: '', stage: `audience = "${audience}"` }), []);
});

test('without a listener for what comes back, mail would go round', () => {
  const [first = '', ...more] = warningsOf({ back: '' });
  assert.match(first, /^stage\.0: what the filter hands back goes to it again.*add a \[\[listen\]\]/);
  assert.deepEqual(more, []);
});

const unixBack = '[[listen]]\naddress = "unix:/run/sluice/back"\nfrom_filter = "any"\n';

for (const [to, back] of [
  ['relay = ["127.0.0.1:10025"]'],
  ['relay = ["localhost:10025"]'],
  ['relay = ["192.0.2.1"]'],
  ['relay = ["127.0.0.1:2525"]'],
  ['relay = ["192.0.2.1:2525"]'],
  ['relay = ["mx.example.org:2525"]'],
  ['lmtp = ["127.0.0.1:10025"]'],
  ['lmtp = ["unix:/run/sluice/back"]', unixBack],
] as const) {
  test(`a filter's route to Sluice itself is warned of: ${to}`, () => {
    const [first = '', ...more] = warningsOf({ to, ...(back !== undefined && { back }) });
    assert.match(first, /^route\.0\.(?:relay|lmtp)\.0: Sluice itself listens at .*reaches no filter; write/);
    assert.deepEqual(more, []);
  });
}

for (const to of [
  'relay = ["192.0.2.7:2525"]',
  'relay = ["filter.example.org:2525"]',
  'relay = ["127.0.0.2:10025"]',
  'lmtp = ["unix:/run/filter/lmtp"]',
]) {
  test(`a filter's route to another place is no mistake: ${to}`, () => {
    assert.deepEqual(warningsOf({ to }), []);
  });
}

test('a stage that names only listeners where none is asked is warned of', () => {
  const stage = 'listen = ["127.0.0.1:10025"]\n';
  const [first = '', ...more] = warningsOf({ stage });
  assert.match(first, /^stage\.0\.listen: no stage is asked at a \[\[listen\]\] with from_filter/);
  assert.deepEqual(more, []);
  assert.deepEqual(warningsOf({ stage: `${stage}local_mail = true\n` }), []);
  assert.deepEqual(warningsOf({ stage: 'listen = ["127.0.0.1:10025", "192.0.2.1:25"]' }), []);
});
