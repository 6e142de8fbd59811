// Routes that stages choose, in real SMTP sessions: they are in the envelope, and the manager is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Edit, Stage } from '../../src/policy/stage.ts';
import { type Client, type Fixture, greeted } from './fixture.ts';
import { withStages } from './stage-fixture.ts';

const message = 'Subject: x\r\n\r\nbody\r\n.\r\n';

async function begin(client: Client, ...recipients: readonly string[]): Promise<void> {
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  for (const each of recipients) assert.match(await client.ask(`RCPT TO:<${each}>\r\n`), /^250/);
}

async function send(fixture: Fixture, ...recipients: readonly string[]): Promise<string> {
  const client = await greeted(fixture);
  await begin(client, ...recipients);
  const data = await client.ask('DATA\r\n');
  return data.startsWith('354') ? client.ask(message) : data;
}

function edit(...edits: readonly Edit[]) {
  return { kind: 'continue', edits } as const;
}

test('at rcpt, a route is that of the recipient in question', async (t) => {
  const fixture = await withStages(t, {
    name: 'router',
    rcpt: ({ recipient: { address } }) =>
      edit(...(address.startsWith('p') ? [{ kind: 'set-route', route: 'partner' } as const] : [])),
  });
  assert.match(await send(fixture, 'one@example.com', 'p@example.com', 'two@example.com'), /^250/);
  const routes = [undefined, 'partner', undefined];
  assert.deepEqual(
    fixture.spool.kept[0]?.envelope.recipients.map(({ route }) => route),
    routes,
  );
  assert.deepEqual(fixture.submitted[0]?.routes, routes);
  assert.match(await send(fixture, 'one@example.com'), /^250/);
  assert.equal(fixture.submitted[1]?.routes, undefined);
});

for (const point of ['data', 'headers', 'content'] as const) {
  test(`at ${point}, a route is that of all recipients but copies, or of those with an address`, async (t) => {
    const copy = { address: 'archive@example.com', isCopy: true } as const;
    let edits: Edit[] = [{ kind: 'set-route', route: 'bulk' }];
    const fixture = await withStages(
      t,
      { name: 'copies', data: () => edit({ kind: 'add-recipient', recipient: copy }) },
      { name: 'router', [point]: () => edit(...edits) },
    );
    assert.match(await send(fixture, 'one@example.com', 'two@example.com'), /^250/);
    assert.deepEqual(fixture.submitted[0]?.routes, ['bulk', 'bulk', undefined]);
    edits = [...edits, { kind: 'set-route', route: 'partner', recipient: 'two@example.com' }];
    assert.match(await send(fixture, 'one@example.com', 'two@example.com'), /^250/);
    assert.deepEqual(fixture.submitted[1]?.routes, ['bulk', 'partner', undefined]);
    edits = [{ kind: 'set-route', route: 'partner', recipient: 'archive@example.com' }];
    assert.match(await send(fixture, 'one@example.com', 'two@example.com'), /^250/);
    assert.deepEqual(fixture.submitted[2]?.routes, [undefined, undefined, 'partner']);
  });
}

for (const [what, edits, stage, why] of [
  [
    'no route has',
    [{ kind: 'set-route', route: 'nobody' }],
    'content',
    /the route "nobody", and no \[\[route\]\] has this name/,
  ],
  ['is no text', [{ kind: 'set-route', route: 7 }], 'content', /gave no name of a route/],
  [
    'is given too early',
    [{ kind: 'set-route', route: 'bulk' }],
    'mail',
    /set-route, which is not allowed at mail/,
  ],
  [
    'is for another recipient',
    [{ kind: 'set-route', route: 'bulk', recipient: 'b@example.com' }],
    'rcpt',
    /for another recipient/,
  ],
  [
    'comes with a recipient that is none',
    [{ kind: 'set-route', route: 'bulk', recipient: 'b c' }],
    'data',
    /an address that is none/,
  ],
  [
    'comes with a new recipient and is unknown',
    [{ kind: 'add-recipient', recipient: { address: 'b@example.com', route: 'nobody' } }],
    'data',
    /the route "nobody"/,
  ],
] as const) {
  test(`a stage that chooses a route whose name ${what} fails, and the mail is not taken`, async (t) => {
    const broken = { name: 'router', [stage]: () => edit(...(edits as unknown as Edit[])) } as Stage;
    const fixture = await withStages(t, broken);
    const client = await greeted(fixture);
    const replies = [await client.ask('MAIL FROM:<a@example.net>\r\n')];
    if (stage !== 'mail') replies.push(await client.ask('RCPT TO:<one@example.com>\r\n'));
    if (stage === 'content' || stage === 'data') replies.push(await client.ask('DATA\r\n'));
    if (stage === 'content') replies.push(await client.ask(message));
    assert.match(replies.at(-1) ?? '', /^451 4\.3\.0 /);
    assert.match(fixture.troubles.list[0]?.text ?? '', why);
    assert.equal(fixture.submitted.length, 0);
  });
}
