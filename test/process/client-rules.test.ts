// Rules for clients with Sluice as a program: at its start, over changes of the table, for each kind of listener.

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDnsServer } from '../../sim/dns/dns-server.ts';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';

/** The replies to a connection from another address of this host, as far as to RCPT. */
function replies(port: number, from: string, to: string): Promise<readonly string[]> {
  return repliesTo({ host: '127.0.0.1', port, localAddress: from }, to);
}

async function repliesTo(address: NetConnectOpts, to: string, hello = 'EHLO'): Promise<readonly string[]> {
  const socket = connect(address);
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.end(`${hello} a.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<${to}>\r\nQUIT\r\n`);
  await once(socket, 'close');
  return text.split('\r\n').filter((line) => /^\d{3} /u.test(line));
}

test('rules for clients are followed as they change, and a mistake leaves the ones before in force', async (t) => {
  const ground = Ground.of(t);
  const folder = join(ground.directory, 'tables');
  mkdirSync(folder);
  const path = join(folder, 'clients.rules');
  const write = (text: string): void => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  write('127.0.0.2 relay\n127.0.0.3 deny Go away\n127.0.0.4 relay=@fax.test\n');
  const [port, free] = [await freePort(), await freePort()];
  const sluice = await startSluice(ground, {
    port,
    config: {
      table: [{ name: 'clients', path }],
      clients: { rules: 'clients' },
      receive: { relay_networks: [], relay_domains: ['near.test'] },
      listen: [{ address: `127.0.0.1:${port}` }, { address: `127.0.0.1:${free}`, client_rules: '' }],
      deliver: { max_connections: 0 },
    },
  });
  const last = async (from: string, at = port): Promise<string | undefined> =>
    (await replies(at, from, 'joe@far.test')).at(-2);
  assert.match((await last('127.0.0.1')) ?? '', /^550 5\.7\.1 Relaying denied/u);
  assert.match((await last('127.0.0.2')) ?? '', /^250 2\.1\.5/u);
  assert.match((await last('127.0.0.4')) ?? '', /^250 2\.1\.5/u);
  assert.deepEqual(await replies(port, '127.0.0.3', 'joe@near.test'), ['554 5.7.1 Go away']);
  // Another listener has no rules.
  assert.match((await last('127.0.0.2', free)) ?? '', /^550 5\.7\.1 Relaying denied/u);
  assert.match((await replies(free, '127.0.0.3', 'joe@near.test')).at(-2) ?? '', /^250 2\.1\.5/u);
  write('127.0.0.3 relay\n127.0.0.2 deny\n');
  await until(
    'the new rules are in force',
    async () => (await last('127.0.0.3'))?.startsWith('250') === true,
  );
  assert.deepEqual(await replies(port, '127.0.0.2', 'joe@near.test'), [
    '554 5.7.1 No mail is taken from you',
  ]);
  write('127.0.0.3 relai\n');
  await sluice.logged(({ msg }) => /line 1: "relai" is no word of a rule/u.test(String(msg)));
  assert.match((await last('127.0.0.3')) ?? '', /^250 2\.1\.5/u);
  const [refused] = await sluice.logged(
    ({ event, client }) => event === 'rejected' && client === '127.0.0.3',
  );
  assert.equal(refused?.['stage'], 'client-rules');
});

test('names of clients come from the DNS, and only when a rule by name could hold', async (t) => {
  const ground = Ground.of(t);
  const path = join(ground.directory, 'clients.rules');
  writeFileSync(path, '*.bad.test deny No dial-up lines\nmail.good.test relay\n127.0.0.7 relay\n');
  const dns = await startDnsServer({
    zone: {
      '2.0.0.127.in-addr.arpa': { ptr: ['mail.good.test'] },
      'mail.good.test': { a: ['127.0.0.2'] },
      '3.0.0.127.in-addr.arpa': { ptr: ['line3.bad.test'] },
      'line3.bad.test': { a: ['127.0.0.3'] },
      // It says so, and good.test does not.
      '4.0.0.127.in-addr.arpa': { ptr: ['mail.good.test'] },
      '5.0.0.127.in-addr.arpa': { behaviour: 'servfail' },
    },
  });
  ground.atEnd(() => dns.close());
  const port = await freePort();
  await startSluice(ground, {
    port,
    config: {
      dns: { servers: [`${dns.address}:${dns.port}`] },
      table: [{ name: 'clients', path }],
      clients: { rules: 'clients' },
      receive: { relay_networks: [] },
      deliver: { max_connections: 0 },
    },
  });
  const last = async (from: string) => (await replies(port, from, 'joe@far.test')).at(-2) ?? '';
  assert.match(await last('127.0.0.2'), /^250 2\.1\.5/u);
  assert.deepEqual(await replies(port, '127.0.0.3', 'joe@far.test'), ['554 5.7.1 No dial-up lines']);
  assert.match(await last('127.0.0.4'), /^550 5\.7\.1/u);
  const [unknown] = await replies(port, '127.0.0.5', 'joe@far.test');
  assert.equal(unknown, '421 4.4.3 sluice.test Your name cannot be looked up now, try again later');
  assert.match(await last('127.0.0.6'), /^550 5\.7\.1/u);
  assert.match(await last('127.0.0.7'), /^250 2\.1\.5/u);
  assert.equal(dns.asked('7.0.0.127.in-addr.arpa'), 0);
});

test('programs of this host have the rule for local, on each kind of Unix-domain socket', async (t) => {
  const ground = Ground.of(t);
  const path = join(ground.directory, 'clients.rules');
  writeFileSync(path, 'local relay=@fax.test size=2KiB\n* deny\n');
  const port = await freePort();
  const [smtp, lmtp] = ['smtp', 'lmtp'].map((name) => join(ground.directory, name)) as [string, string];
  const sluice = await startSluice(ground, {
    port,
    config: {
      table: [{ name: 'clients', path }],
      clients: { rules: 'clients' },
      listen: [
        { address: `127.0.0.1:${port}` },
        { address: `unix:${smtp}` },
        { address: `unix:${lmtp}`, protocol: 'lmtp' },
      ],
      deliver: { max_connections: 0 },
      // No name server is asked about fax.test.
      route: [{ relay: ['127.0.0.1:1'] }],
    },
  });
  const submission = join(sluice.directory, 'submit.sock');
  for (const [socket, hello] of [
    [smtp, 'EHLO'],
    [lmtp, 'LHLO'],
    [submission, 'EHLO'],
  ] as const)
    assert.match(
      (await repliesTo({ path: socket }, 'joe@far.test', hello)).at(-2) ?? '',
      /^250 2\.1\.5/u,
      socket,
    );
  assert.deepEqual(await replies(port, '127.0.0.1', 'joe@far.test'), ['554 5.7.1 No mail is taken from you']);
  const content = `Subject: a\r\n\r\n${'x'.repeat(70)}\r\n`;
  await repliesToMessage(submission, content);
  await until('the message is in the queue', async () =>
    (await sluice.cli('queue', 'list')).includes('fax.test'),
  );
  assert.match(
    (await sluice.cli('queue', 'list', '--json')).replaceAll('\\"', '"'),
    /"joe@far\.test"@fax\.test/u,
  );
  assert.match((await repliesToMessage(submission, content.repeat(30))).at(-2) ?? '', /^552 5\.3\.4/u);
});

async function repliesToMessage(path: string, content: string): Promise<readonly string[]> {
  const socket = connect({ path });
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.end(
    `EHLO a.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<joe@far.test>\r\nDATA\r\n${content}.\r\nQUIT\r\n`,
  );
  await once(socket, 'close');
  return text.split('\r\n').filter((line) => /^\d{3} /u.test(line));
}

test('without a table that can be read, clients are asked to come again', async (t) => {
  const ground = Ground.of(t);
  const path = join(ground.directory, 'none.rules');
  const port = await freePort();
  await startSluice(ground, {
    port,
    config: { table: [{ name: 'clients', path }], clients: { rules: 'clients' } },
  });
  await until(
    'it answers',
    async () =>
      (await replies(port, '127.0.0.1', 'joe@near.test').catch(() => []))[0]?.startsWith('421 4.3.0') ===
      true,
  );
});
