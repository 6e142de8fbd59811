// Content filters: what is left out where mail comes back.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Config, parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import type { ReceiveContext } from '../../src/receive/receive-context.ts';
import { routesSignedLater } from '../../src/settings/content-filter.ts';
import { listenersOf } from '../../src/settings/listeners.ts';

const text = `hostname = "mx.example.org"
[receive]
relay_networks = ["10.0.0.0/8"]
[clients]
rules = "clients"
[verification]
mode = "on"
[[table]]
name = "clients"
path = "/etc/sluice/clients"
kind = "rules"
[[listen]]
address = "127.0.0.1:25"
[[listen]]
address = "127.0.0.1:10025"
from_filter = "outgoing"
[[route]]
name = "scan"
domain = ["scan.invalid"]
relay = ["127.0.0.1:10024"]
[[tap]]
name = "archive"
match = "^joe@"
copy_to = "archive@example.com"
[[stage]]
name = "filter"
kind = "content-filter"
route = "scan"
sign = "after"
`;

test('where mail comes back from a filter, nothing is done that was done before', () => {
  const seen = new Map<string, { config: Config; fromFilter: string | undefined }>();
  const config = parseConfig(text, '/etc/sluice/sluice.toml');
  const listeners = listenersOf(config, { index: 1, receivers: 2 }, (own, _protocol, fromFilter) => {
    seen.set(String(seen.size), { config: own, fromFilter });
    return {} as ReceiveContext;
  });
  assert.deepEqual(
    listeners.map(({ completesMail }) => completesMail),
    [true, false],
  );
  const [usual, back] = [...seen.values()];
  assert.equal(usual?.fromFilter, undefined);
  assert.deepEqual([usual?.config.stage.length, usual?.config.tap.length], [1, 1]);
  assert.ok(back !== undefined);
  assert.equal(back.fromFilter, 'outgoing');
  const { stage, tap, rewrite, recipients, clients, verification, receive, srs } = back.config;
  assert.deepEqual([stage, tap, rewrite, recipients, srs], [[], [], [], [], undefined]);
  assert.deepEqual([clients.rules, verification.mode, receive.auth], [undefined, 'off', 'none']);
  // Not those of [receive]: this host alone.
  assert.deepEqual(
    receive.relayNetworks.map(({ address }) => address),
    ['127.0.0.0', '::1'],
  );
  assert.deepEqual(receive.clientLimitsExempt, receive.relayNetworks);
  assert.deepEqual(routesSignedLater(config), new Set(['scan']));
});

test('mail that is signed later needs a listener that signs', () => {
  assert.throws(
    () => parseConfig(text.replace('"outgoing"', '"any"'), 'sluice.toml'),
    (error) =>
      error instanceof ConfigError &&
      /needs a \[\[listen\]\] with from_filter = "outgoing"/.test(error.message),
  );
  assert.throws(
    () => parseConfig(text.replace('route = "scan"', 'route = "skan"'), 'sluice.toml'),
    (error) => error instanceof ConfigError && /no \[\[route\]\] with the name "skan"/.test(error.message),
  );
  assert.equal(routesSignedLater(parseConfig(text.replace('sign = "after"', ''), 'sluice.toml')), undefined);
});
