// The tenant of a received message, and its priority.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tenant } from '../../src/policy/tenants.ts';
import { type Client, type Fixture, greeted, start } from './fixture.ts';

const shop: Tenant = {
  name: 'shop',
  sender: [{ kind: 'domain', domain: 'shop.example' }],
  client: [],
  priority: 0,
};
const news: Tenant = {
  name: 'news',
  sender: [{ kind: 'mailbox', localPart: 'news', domain: 'example.net' }],
  client: [{ address: '127.0.0.0', prefix: 8 }],
  priority: -5,
};

/** Hands one message in; returns the reply to MAIL. */
async function send(client: Client, mail: string, content = 'Subject: x\r\n\r\nbody\r\n'): Promise<string> {
  const reply = await client.ask(`MAIL FROM:${mail}\r\n`);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask(`${content}.\r\n`), /^250 2\.0\.0 queued/);
  return reply;
}

/** Tenant and priority of the last message, which envelope, manager and log must agree on. */
function last({ spool, submitted, log }: Fixture): readonly [string | undefined, number | undefined] {
  const kept = spool.kept.at(-1);
  const told = submitted.at(-1);
  const line = JSON.parse(log.findLast((each) => each.includes('"received"')) ?? '{}') as Record<
    string,
    unknown
  >;
  assert.deepEqual([told?.tenant, told?.priority], [kept?.envelope.tenant, kept?.envelope.priority]);
  assert.deepEqual([line.tenant, line.priority], [told?.tenant, told?.priority]);
  const clause = / PRIORITY (-?\d);\r\n/.exec(kept?.content.replace('\r\n\t', ' ') ?? '')?.[1];
  assert.equal(clause, kept?.envelope.priority?.toString());
  return [kept?.envelope.tenant, kept?.envelope.priority];
}

test('a message belongs to the tenant of its sender, and has the priority of that tenant', async (t) => {
  const fixture = await start(t, { tenants: [shop, news] });
  const client = await greeted(fixture);
  assert.equal(await send(client, '<a@shop.example>'), '250 2.1.0 Sender ok');
  assert.deepEqual(last(fixture), ['shop', undefined]);
  assert.equal(await send(client, '<news@example.net>'), '250 2.1.0 Sender ok');
  assert.deepEqual(last(fixture), ['news', -5]);
  await send(client, '<a@example.net>');
  assert.deepEqual(last(fixture), [undefined, undefined]);
  await send(client, '<>');
  assert.deepEqual(last(fixture), [undefined, undefined]);
});

test('a large message belongs to its tenant too', async (t) => {
  const fixture = await start(t, { tenants: [shop, news], settings: { priorityHeader: 'MT-Priority' } });
  const client = await greeted(fixture);
  const body = `${'x'.repeat(70)}\r\n`.repeat(3000);
  await send(client, '<a@shop.example> MT-PRIORITY=4', `Subject: large\r\n\r\n${body}`);
  assert.equal(fixture.spool.kept.at(-1)?.large, true);
  assert.deepEqual(last(fixture), ['shop', 4]);
  await send(client, '<news@example.net>', `Subject: large\r\nMT-Priority: 7\r\n\r\n${body}`);
  assert.equal(fixture.spool.kept.at(-1)?.large, true);
  assert.deepEqual(last(fixture), ['news', 7]);
});

test('the Received line of a large message names the priority, however long its header is', async (t) => {
  const fixture = await start(t, { tenants: [news], settings: { priorityHeader: 'MT-Priority' } });
  const client = await greeted(fixture);
  const header = `${`X-Long: ${'x'.repeat(70)}\r\n`.repeat(200)}MT-Priority: 7\r\n`;
  await send(client, '<news@example.net>', `${header}\r\nbody\r\n`);
  const { content = '', large } = fixture.spool.kept.at(-1) ?? {};
  assert.equal(large, true);
  assert.match(content, /^Received: (?:[^\r]*\r\n\t)*[^\r]*PRIORITY 7/);
  assert.deepEqual(last(fixture), ['news', 7]);
});

test('new tenants count for the next message of a connection that is open', async (t) => {
  const fixture = await start(t, { tenants: [shop] });
  const client = await greeted(fixture);
  await send(client, '<a@shop.example>');
  assert.deepEqual(last(fixture), ['shop', undefined]);
  assert.match(await client.ask('MAIL FROM:<a@shop.example>\r\n'), /^250/);
  fixture.tenants.configure([{ ...shop, name: 'store', priority: 2 }]);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask('x\r\n.\r\n'), /^250/);
  assert.deepEqual(last(fixture), ['shop', undefined], 'this one had begun before');
  await send(client, '<a@shop.example>');
  assert.deepEqual(last(fixture), ['store', 2]);
});

test('a client that may relay gets the priority that it asks for (RFC 6710)', async (t) => {
  const fixture = await start(t, { tenants: [news] });
  const client = await greeted(fixture);
  for (const priority of [-9, 0, 9]) {
    assert.equal(await send(client, `<a@example.net> MT-PRIORITY=${priority}`), '250 2.1.0 Sender ok');
    assert.deepEqual(last(fixture), [undefined, priority]);
    assert.equal(await send(client, `<news@example.net> MT-PRIORITY=${priority}`), '250 2.1.0 Sender ok');
    assert.deepEqual(last(fixture), ['news', priority]);
  }
});

test('any other client gets its usual priority, and the reply says so', async (t) => {
  const settings = { priorityHeader: 'MT-Priority' };
  const fixture = await start(t, { networks: ['10.0.0.0'], tenants: [news], settings });
  const client = await greeted(fixture);
  assert.equal(
    await send(client, '<a@example.net> MT-PRIORITY=9'),
    '250 2.3.6 0 is the priority of this message',
  );
  assert.deepEqual(last(fixture), [undefined, undefined]);
  assert.equal(
    await send(client, '<news@example.net> MT-PRIORITY=9'),
    '250 2.3.6 -5 is the priority of this message',
  );
  assert.deepEqual(last(fixture), ['news', -5]);
  assert.equal(await send(client, '<news@example.net> MT-PRIORITY=-5'), '250 2.1.0 Sender ok');
  assert.equal(await send(client, '<a@example.net> MT-PRIORITY=0'), '250 2.1.0 Sender ok');
  await send(client, '<a@example.net>', 'MT-Priority: 9\r\n\r\nbody\r\n');
  assert.deepEqual(last(fixture), [undefined, undefined]);
});

test('a header field asks for a priority where it is configured, and the parameter was not given', async (t) => {
  const fixture = await start(t, { tenants: [news], settings: { priorityHeader: 'X-Priority-Class' } });
  const client = await greeted(fixture);
  const field = (value: string) => `Subject: x\r\nx-priority-class: ${value}\r\n\r\nbody\r\n`;
  await send(client, '<a@example.net>', field('6'));
  assert.deepEqual(last(fixture), [undefined, 6]);
  await send(client, '<a@example.net> MT-PRIORITY=1', field('6'));
  assert.deepEqual(last(fixture), [undefined, 1]);
  await send(client, '<news@example.net>', field('6'));
  assert.deepEqual(last(fixture), ['news', 6]);
  await send(client, '<news@example.net>', field('11'));
  assert.deepEqual(last(fixture), ['news', -5]);
  await send(client, '<a@example.net>', `X-Priority-Class: 3\r\n${field('3')}`);
  assert.deepEqual(last(fixture), [undefined, undefined], 'of two fields none counts');
  await send(client, '<a@example.net>', 'Subject: x\r\n\r\nX-Priority-Class: 3\r\n');
  assert.deepEqual(last(fixture), [undefined, undefined], 'the body asks for nothing');
});

test('no header field sets the priority when none is configured', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  await send(client, '<a@example.net>', 'MT-Priority: 6\r\n\r\nbody\r\n');
  assert.deepEqual(last(fixture), [undefined, undefined]);
});
