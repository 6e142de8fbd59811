// Warnings of routes that lead back to this server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { configWarnings } from '../../src/config/check/warnings.ts';
import { parseConfig } from '../../src/config/config.ts';

const head = `hostname = "mx.example.org"
[[listen]]
address = "192.0.2.1:25"
[[listen]]
address = "0.0.0.0:2525"
[[listen]]
address = "unix:/run/sluice/in"
`;

function warningsOf(routes: string): string[] {
  return configWarnings(parseConfig(`${head}${routes}`, '/etc/sluice/sluice.toml'))
    .filter(({ path }) => path[0] === 'route')
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const relay = (text: string): string => `[[route]]\ndomain = ["far.test"]\n${text}\n`;

for (const [place, text] of [
  ['route.0.relay.0: Sluice itself listens at 192.0.2.1:25', 'relay = ["192.0.2.1"]'],
  ['route.0.relay.1: Sluice itself listens at localhost:2525', 'relay = ["a.test", "localhost:2525"]'],
  ['route.0.relay.0: Sluice itself listens at mx.example.org:25', 'relay = ["mx.example.org"]'],
  ['route.0.lmtp.0: Sluice itself listens at unix:/run/sluice/in', 'lmtp = ["unix:/run/sluice/in"]'],
  [
    'route.0.fallback_relay.0: Sluice itself listens at 127.0.0.1:2525',
    'relay = ["a.test"]\nfallback_relay = ["127.0.0.1:2525"]',
  ],
] as const) {
  test(`${text.replaceAll('\n', ', ')} leads back`, () => {
    const [warning = '', ...more] = warningsOf(relay(text));
    assert.ok(warning.startsWith(`${place}: mail would come back for ever`), warning);
    assert.deepEqual(more, []);
  });
}

test('other ports and other hosts lead away', () => {
  for (const text of [
    'relay = ["192.0.2.1:26"]',
    'relay = ["192.0.2.2"]',
    'lmtp = ["unix:/run/other"]',
    'mx = true',
  ])
    assert.deepEqual(warningsOf(relay(text)), [], text);
});

const redirect = (match: string, to: string): string => `[[route]]\n${match}\nredirect = [${to}]\n`;

test('redirections that lead to each other are told with the addresses on the way', () => {
  const routes =
    redirect('domain = ["a.test"]', '"x@b.test"') +
    redirect('domain = ["b.test", "*.b.test"]', '"away@far.test", "y@sub.b.test"') +
    redirect('domain = ["c.test"]', '"one@a.test"');
  assert.deepEqual(
    warningsOf(routes).map((text) => text.split(',', 1)[0]),
    [
      'route.0.redirect.0: mail to x@b.test goes in a circle (x@b.test to y@sub.b.test to y@sub.b.test)',
      'route.1.redirect.1: mail to y@sub.b.test goes in a circle (y@sub.b.test to y@sub.b.test)',
      'route.2.redirect.0: mail to one@a.test goes in a circle (one@a.test to x@b.test to y@sub.b.test to y@sub.b.test)',
    ],
  );
});

test('an address with a route of its own is the way out of a domain that is redirected to it', () => {
  const all = redirect('domain = ["a.test"]', '"Boss@a.test"');
  assert.equal(warningsOf(all).length, 1);
  const own = '[[route]]\nname = "boss"\nrecipient = ["boss@a.test"]\nrelay = ["10.0.0.1"]\n';
  assert.deepEqual(warningsOf(own + all), []);
  assert.deepEqual(warningsOf(all + '[[route]]\ndomain = ["far.test"]\nmx = true\n').length, 1);
});

test('a default that redirects is a circle for where it leads', () => {
  const [warning = ''] = warningsOf('[[route]]\nredirect = ["all@far.test"]\n');
  assert.match(warning, /^route\.0\.redirect\.0: mail to all@far\.test goes in a circle/u);
});

test('many redirections that lead to several others are looked at once each', () => {
  const layers = 40;
  const routes = Array.from({ length: layers }, (_, at) =>
    redirect(`domain = ["d${at}.test"]`, `"a@d${at + 1}.test", "b@d${at + 1}.test"`),
  );
  assert.deepEqual(warningsOf(routes.join('')), []);
});
