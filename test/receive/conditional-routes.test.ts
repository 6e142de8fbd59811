// Routes with conditions, in real SMTP sessions: what a message is like decides, and the envelope keeps it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import type { Stage } from '../../src/policy/stage.ts';
import { routeStage } from '../../src/settings/route-stage.ts';
import { greeted } from './fixture.ts';
import { withStages } from './stage-fixture.ts';

const found: Stage = {
  name: 'scanner',
  content: () => ({ kind: 'continue', result: { verdict: 'spam' } }),
};
const owner: Stage = {
  name: 'owner',
  mail: () => ({ kind: 'continue', edits: [{ kind: 'set-tenant', name: 'shop', priority: undefined }] }),
};

function stageOf(...routes: readonly string[]): Stage {
  const text = routes.map((each) => `[[route]]\n${each}\nrelay = ["relay.test"]\n`).join('');
  const stage = routeStage(parseConfig(text, '/etc/sluice.toml'));
  assert.ok(stage !== undefined);
  return stage;
}

const bulk = (keys: string) => `name = "bulk"\n${keys}`;

for (const [what, keys, expected] of [
  ['a header field with this value', 'header = ["precedence: BULK"]', 'both'],
  ['a header field with another value', 'header = ["Precedence: list"]', 'none'],
  ['a header field with any value', 'header = ["X-Other", "Precedence"]', 'both'],
  ['a folded header field', 'header = ["X-Long: one * three"]', 'both'],
  ['a larger message', 'size_over = "100B"', 'both'],
  ['a message that is not larger', 'size_over = "1MiB"', 'none'],
  ['a smaller message', 'size_under = "1MiB"', 'both'],
  ['a message that is not smaller', 'size_under = "100B"', 'none'],
  ['mail in clear', 'client_tls = false', 'both'],
  ['mail over TLS', 'client_tls = true', 'none'],
  ['mail of a user', 'user = ["*"]', 'none'],
  ['mail of this tenant', 'tenant = ["shop"]', 'both'],
  ['mail of another tenant', 'tenant = ["other", "Shop"]', 'none'],
  ['what a stage found', 'results = ["scanner.verdict=virus", "scanner.verdict=spam"]', 'both'],
  ['what a stage did not find', 'results = ["scanner.verdict=virus"]', 'none'],
  ['one recipient', 'recipient = ["One@Example.COM"]', 'first'],
  ['recipients of a domain', 'recipient = ["example.com"]', 'both'],
  ['a domain and its sender', 'domain = ["example.com"]\nsender = ["A@example.net"]', 'both'],
  ['a domain and another sender', 'domain = ["example.com"]\nsender = ["b@example.net", "<>"]', 'none'],
  ['another domain', 'domain = ["*.example.com"]\nsize_over = "1B"', 'none'],
  ['several conditions of which one does not hold', 'size_over = "1B"\ntenant = ["other"]', 'none'],
] as const) {
  test(`a route for ${what} is that of ${expected} of two recipients`, async (t) => {
    const fixture = await withStages(t, owner, found, stageOf(bulk(keys)));
    const client = await greeted(fixture);
    assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
    for (const each of ['one', 'two'])
      assert.match(await client.ask(`RCPT TO:<${each}@example.com>\r\n`), /^250/);
    assert.match(await client.ask('DATA\r\n'), /^354/);
    const header = 'Subject: x\r\nPrecedence: bulk\r\nX-Long: one\r\n two three\r\n';
    assert.match(await client.ask(`${header}\r\n${'body '.repeat(20)}\r\n.\r\n`), /^250/);
    const routes = { both: ['bulk', 'bulk'], first: ['bulk', undefined], none: undefined }[expected];
    assert.deepEqual(fixture.submitted[0]?.routes, routes);
  });
}

test('the first route that matches counts, copies keep theirs, and so does what a stage has chosen', async (t) => {
  const chooser: Stage = {
    name: 'chooser',
    rcpt: ({ recipient: { address } }) =>
      address.startsWith('two')
        ? { kind: 'continue', edits: [{ kind: 'set-route', route: 'partner' }] }
        : { kind: 'continue' },
    data: () => ({
      kind: 'continue',
      edits: [{ kind: 'add-recipient', recipient: { address: 'archive@example.com', isCopy: true } }],
    }),
  };
  const stage = stageOf(
    'name = "partner"\nsize_over = "1MiB"',
    bulk('size_over = "1B"'),
    'name = "third"\nclient_tls = false',
  );
  const fixture = await withStages(t, chooser, stage);
  const client = await greeted(fixture);
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  for (const each of ['one', 'two']) await client.ask(`RCPT TO:<${each}@example.com>\r\n`);
  await client.ask('DATA\r\n');
  assert.match(await client.ask('Subject: x\r\n\r\nbody\r\n.\r\n'), /^250/);
  assert.deepEqual(fixture.submitted[0]?.routes, ['bulk', 'partner', undefined]);
});
