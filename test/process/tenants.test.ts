// Tenant, priority and source of a message, from its client to its destination, over a restart, with Sluice as a program.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type SluiceConfig, type SluiceEvent } from '../../sim/neighbours/sluice.ts';
import { inspectSpool } from '../../src/spool/open.ts';
import { destination, send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

test('tenant, priority and source reach the destination and the log, over a restart, and bounces follow their message', async (t) => {
  const ground = Ground.of(t);
  const clients = new Set<string>();
  const mx = await destination(ground, {
    extensions: ['PIPELINING', 'SIZE', 'DSN', 'MT-PRIORITY'],
    personality: ({ stage, client, recipient }) => {
      clients.add(client);
      return stage === 'rcpt' && recipient.startsWith('nobody@')
        ? { reply: '550 5.1.1 No such user' }
        : undefined;
    },
  });
  const config: SluiceConfig = {
    route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    tenant: [
      { name: 'shop', sender: ['shop.example'], priority: 3 },
      { name: 'news', sender: ['news@b.example'], client: ['127.0.0.0/8'] },
    ],
    source: [{ address: '127.0.0.2', helo_name: 'two.sluice.test' }],
    receive: { priority_header: 'MT-Priority' },
  };
  const held = await startSluice(ground, { config: { ...config, deliver: { max_connections: 0 } } });
  for (const [from, to, mailParameters, header] of [
    ['a@shop.example', 'one@far.test', '', ''],
    ['a@shop.example', 'two@far.test', ' MT-PRIORITY=-9', ''],
    ['news@b.example', 'three@far.test', '', 'MT-Priority: 7\r\n'],
    ['c@c.example', 'four@far.test', '', ''],
    ['a@shop.example', 'nobody@far.test', ' MT-PRIORITY=5', ''],
  ] as const) {
    const replies = await send(held.port, { from, to: [to], mailParameters, content: header + content });
    assert.match(replies.at(-1)!, /^250/u, replies.join('\n'));
  }
  assert.equal(await held.program.stop('SIGTERM'), 0);

  const stored = new Map<string, unknown>();
  for await (const finding of inspectSpool(held.spool)) {
    assert.ok(finding.kind === 'message');
    const { waiting, tenant, priority } = finding.message;
    stored.set(waiting[0]!.address, [tenant, priority]);
  }
  assert.deepEqual(Object.fromEntries(stored), {
    'one@far.test': ['shop', 3],
    'two@far.test': ['shop', -9],
    'three@far.test': ['news', 7],
    'four@far.test': [undefined, undefined],
    'nobody@far.test': ['shop', 5],
  });

  const { directory } = held;
  const sluice = await startSluice(ground, { config, directory });
  const delivered = (): SluiceEvent[] => sluice.events().filter(({ event }) => event === 'delivered');
  await until('all is delivered, with a report on one', () => Promise.resolve(delivered().length === 5));
  const mails = Object.fromEntries(mx.messages.map(({ recipients, mail }) => [recipients[0], mail.trim()]));
  const sizeless = (mail: string | undefined) => mail?.replace(/ SIZE=\d+/u, '');
  assert.equal(sizeless(mails['one@far.test']), 'MAIL FROM:<a@shop.example> MT-PRIORITY=3');
  assert.equal(sizeless(mails['two@far.test']), 'MAIL FROM:<a@shop.example> MT-PRIORITY=-9');
  assert.equal(sizeless(mails['three@far.test']), 'MAIL FROM:<news@b.example> MT-PRIORITY=7');
  assert.equal(sizeless(mails['four@far.test']), 'MAIL FROM:<c@c.example>');
  assert.equal(sizeless(mails['a@shop.example']), 'MAIL FROM:<> MT-PRIORITY=5', 'the report');
  assert.deepEqual(Object.fromEntries(delivered().map(({ to, tenant, source }) => [to, [tenant, source]])), {
    'one@far.test': ['shop', '127.0.0.2'],
    'two@far.test': ['shop', '127.0.0.2'],
    'three@far.test': ['news', '127.0.0.2'],
    'four@far.test': [undefined, '127.0.0.2'],
    'a@shop.example': ['shop', '127.0.0.2'],
  });
  // Another process writes this line: it may come after those of the delivery.
  const about = (): SluiceEvent | undefined => sluice.events().find(({ via }) => via === 'bounce');
  await until('the report is in the log', () => Promise.resolve(about() !== undefined));
  assert.deepEqual([about()?.tenant, about()?.priority], ['shop', 5]);
  assert.deepEqual([...clients], ['127.0.0.2']);
  const report = mx.messages.find(({ sender }) => sender === '')!.content.toString();
  assert.match(report, /^Diagnostic-Code: smtp; 550 5\.1\.1 No such user\r$/mu);
  assert.match(report, /^Status: 5\.1\.1\r$/mu);
});

test('other tenants count after a reload, for the next message', async (t) => {
  const ground = Ground.of(t);
  const config = (name: string): SluiceConfig => ({
    processes: { single_process: true },
    deliver: { max_connections: 0 },
    route: [{ relay: ['127.0.0.1:9'] }],
    tenant: [{ name, sender: ['shop.example'] }],
  });
  const sluice = await startSluice(ground, { config: config('shop') });
  const mail = { from: 'a@shop.example', to: ['b@far.test'], content };
  await send(sluice.port, mail);
  sluice.configure(config('store'));
  await sluice.cli('reload');
  await send(sluice.port, mail);
  const tenants = (): unknown[] =>
    sluice.events().flatMap(({ event, tenant }) => (event === 'received' ? [tenant] : []));
  await until('both are in the log', () => Promise.resolve(tenants().length === 2));
  assert.deepEqual(tenants(), ['shop', 'store']);
});

test('the used part of a tenant\'s rate that an earlier Sluice stored with the word "queue" counts after the update', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const config: SluiceConfig = {
    processes: { single_process: true },
    route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    tenant: [{ name: 'shop', sender: ['shop.example'] }],
    limit: [{ per: ['tenant', 'domain'], tenant: ['shop'], message_rate: '1/hour' }],
  };
  const mail = { from: 'a@shop.example', to: ['b@far.test'], content };
  const before = await startSluice(ground, { config });
  await send(before.port, mail);
  await until('the first is delivered', () => Promise.resolve(mx.messages.length === 1));
  assert.equal(await before.program.stop('SIGTERM'), 0);

  const file = join(before.spool, 'rates.json');
  const { rates } = JSON.parse(readFileSync(file, 'utf8')) as { rates: { rule: string }[] };
  assert.deepEqual(
    rates.map(({ rule }) => rule),
    ['per domain tenant: tenant shop'],
  );
  const former = rates.map((rate) => Object.assign(rate, { rule: 'per domain queue: queue shop' }));
  writeFileSync(file, JSON.stringify({ version: 1, rates: former }));

  const sluice = await startSluice(ground, { config, directory: before.directory });
  await send(sluice.port, mail);
  const waits = /^In the way {4}limit tenant shop: .* far\.test shop lets 1 messages per hour through$/mu;
  await until('the second waits for the rate', async () =>
    waits.test(await sluice.cli('explain', 'far.test', '--tenant', 'shop')),
  );
  assert.equal(mx.messages.length, 1);
});

test('a source address that this host does not have is reported, with what to do', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const sluice = await startSluice(ground, {
    config: {
      processes: { single_process: true },
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      source: [{ address: '192.0.2.77' }],
    },
  });
  await send(sluice.port, { from: 'a@b.test', to: ['b@far.test'], content });
  const said =
    /cannot connect from 192\.0\.2\.77: this machine has no such address; change it in \[\[source\]\]/u;
  await until('status says so', async () => said.test(await sluice.cli('status')));
});
