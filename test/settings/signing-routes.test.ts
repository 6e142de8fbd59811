// The routes that decide about keys: those that the rules give to each recipient when a message comes in.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { signingRoutes } from '../../src/settings/signing-routes.ts';

const routes = `
[[route]]
name = "partners"
domain = ["Partner.test", "*.partner.test"]
mx = true
[[route]]
name = "shop"
sender = ["shop.test"]
relay = ["192.0.2.2"]
[[route]]
domain = ["nameless.test"]
relay = ["192.0.2.3"]
[[route]]
name = "rest"
relay = ["192.0.2.4"]
`;
const key = '[[signing_key]]\ndomain = ["example.com"]\nfile = "k.pem"\n';

test('each recipient has the route that mail to it takes', () => {
  const routesOf = signingRoutes(parseConfig(`${routes}${key}route = ["rest"]\n`, 'sluice.toml'))!;
  const of = (sender: string, ...recipients: string[]) => routesOf(sender, recipients);
  assert.deepEqual(of('a@far.test', 'x@partner.TEST', 'y@a.partner.test'), ['partners']);
  assert.deepEqual(of('a@shop.test', 'x@partner.test', 'x@far.test'), ['partners', 'shop']);
  assert.deepEqual(of('', 'x@nameless.test', 'x@far.test'), ['', 'rest']);
});

test('where no key is for a route, nobody asks for routes', () => {
  assert.equal(signingRoutes(parseConfig(`${routes}${key}`, 'sluice.toml')), undefined);
});

test('a key cannot be for a route that is not there', () => {
  assert.throws(
    () => parseConfig(`${routes}${key}route = ["parnters"]\n`, 'sluice.toml'),
    (error) =>
      error instanceof ConfigError &&
      error.problems[0]?.message.startsWith('there is no [[route]] with the name "parnters"') === true,
  );
});
