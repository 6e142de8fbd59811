// Hosts that offer what they do not keep: PIPELINING is given up by itself where a group of commands is not answered, and
// an administrator can have any extension ignored.

import { parseDomainPattern } from '../../src/values/domain.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostQuirks } from '../../src/deliver/smtp/host-quirks.ts';
import { distrustMs } from '../../src/manager/pipelining-memory.ts';
import { type Fixture, fixture, turns } from './fixture.ts';
import type { Peer } from './mail-server.ts';

/** A new connection to a server that offers PIPELINING, up to MAIL. */
async function connected({ server, spool, connect, reports }: Fixture, connection: number): Promise<Peer> {
  connect(spool.add({ to: ['b@to.test'] }), connection);
  const peer = await server.accept();
  await peer.hello('PIPELINING');
  assert.deepEqual(await reports.next(), { kind: 'ready', connection });
  assert.equal(await peer.line(), 'MAIL FROM:<a@from.test>');
  return peer;
}

/** Answers MAIL and nothing behind it. */
async function deaf(all: Fixture, connection: number): Promise<void> {
  const peer = await connected(all, connection);
  assert.equal(await peer.line(), 'RCPT TO:<b@to.test>');
  peer.say('250 ok');
  peer.end();
  const done = await all.reports.next();
  assert.ok(done.kind === 'done');
  assert.equal(done.results[0]?.result, 'tempfail');
  assert.equal((await all.reports.next()).kind, 'closed');
}

/** Whether the client sends more than MAIL before it is answered. */
async function isPipelined(all: Fixture, connection: number): Promise<boolean> {
  const peer = await connected(all, connection);
  const pipelined = peer.received.includes('DATA');
  peer.say('421 bye');
  assert.equal((await all.reports.next()).kind, 'done');
  assert.equal((await all.reports.next()).kind, 'closed');
  return pipelined;
}

test('a server that leaves a group unanswered is spoken to command by command for a day', async (t) => {
  const all = await fixture(t);
  await deaf(all, 1);
  assert.equal(await isPipelined(all, 2), false);
  all.advance(distrustMs);
  assert.equal(await isPipelined(all, 3), true);
  const said = all.log.filter(({ msg }) =>
    String(msg).startsWith('mx.test [127.0.0.1] left commands unanswered'),
  );
  assert.equal(said.length, 1);
});

test('a server that answers 421 in the middle of a group is not distrusted', async (t) => {
  const all = await fixture(t);
  assert.equal(await isPipelined(all, 1), true);
  assert.equal(await isPipelined(all, 2), true);
});

test('a connection that this side gives up says nothing about the server', async (t) => {
  const all = await fixture(t);
  const peer = await connected(all, 1);
  peer.say('250 ok');
  await turns(100);
  all.sender.abandon();
  assert.equal((await all.reports.next()).kind, 'done');
  assert.equal((await all.reports.next()).kind, 'closed');
  assert.equal(await isPipelined(all, 2), true);
});

test('extensions that are ignored for a host are not used, whatever it offers', async (t) => {
  const { server, spool, connect, context, sender } = await fixture(t);
  const quirks = new HostQuirks([
    { hosts: [parseDomainPattern('mx.test')], networks: [], extensions: ['PIPELINING', 'DSN'] },
  ]);
  sender.reconfigure({ ...context, settings: { ...context.settings, quirks } });
  connect(spool.add({ to: ['b@to.test'], envelope: { ret: 'HDRS' } }));
  const peer = await server.accept();
  await peer.hello('PIPELINING', 'DSN', 'SIZE');
  await peer.dialogue(
    ['MAIL FROM:<a@from.test> SIZE=21', '250 ok'],
    ['RCPT TO:<b@to.test>', '250 ok'],
    ['DATA', '354 go'],
  );
});

test('rules mean hosts by name or address, and add up', () => {
  const quirks = new HostQuirks([
    { hosts: [parseDomainPattern('*.gateway.example')], networks: [], extensions: ['PIPELINING'] },
    {
      hosts: [parseDomainPattern('mx1.gateway.example')],
      networks: [{ address: '192.0.2.0', prefix: 24 }],
      extensions: ['DSN'],
    },
  ]);
  const of = (host: string, ip: string): string[] => [...quirks.of(host, ip, 25).extensions];
  assert.deepEqual(of('mx1.gateway.example', '198.51.100.1'), ['PIPELINING', 'DSN']);
  assert.deepEqual(of('mx2.gateway.example', '198.51.100.1'), ['PIPELINING']);
  assert.deepEqual(of('192.0.2.7', '192.0.2.7'), ['DSN']);
  assert.deepEqual(of('mx.example', '2001:db8::1'), []);
});

test('a name of this server means a loop or another server of that name, by what is said for the host', () => {
  const hosts = (name: string) => ({ hosts: [parseDomainPattern(name)], networks: [], extensions: [] });
  const quirks = new HostQuirks([
    { ...hosts('*.far.example'), ownName: 'refuse' },
    { ...hosts('other.far.example'), ownName: 'accept' },
    hosts('plain.example'),
  ]);
  const of = (host: string) => quirks.of(host, '192.0.2.1', 25).ownName;
  assert.deepEqual(['mx.far.example', 'other.far.example', 'plain.example', 'mx.example'].map(of), [
    'refuse',
    'accept',
    undefined,
    undefined,
  ]);
});

test('a host with a name of this server gets no mail, but for one on this host', async (t) => {
  const { server, spool, connect, context, sender, reports } = await fixture(t);
  const ownNames = new Set(['mx.test']);
  sender.reconfigure({ ...context, settings: { ...context.settings, ownNames } });
  connect(spool.add({ to: ['b@to.test'] }), 1);
  await (await server.accept()).hello('PIPELINING');
  assert.deepEqual(await reports.next(), { kind: 'ready', connection: 1 });
  const quirks = new HostQuirks([
    { hosts: [parseDomainPattern('mx.test')], networks: [], extensions: [], ownName: 'refuse' },
  ]);
  sender.reconfigure({ ...context, settings: { ...context.settings, ownNames, quirks } });
  connect(spool.add({ to: ['b@to.test'] }), 2);
  const peer = await server.accept();
  await peer.hello('PIPELINING');
  assert.equal(await peer.line(), 'QUIT');
  const closed = await reports.next();
  assert.ok(closed.kind === 'closed' && closed.report.kind === 'failed', JSON.stringify(closed));
  assert.match(closed.report.error, /mail would loop: the server calls itself mx\.test/u);
});

test('a host is served with the depth that is said for it', async (t) => {
  const all = await fixture(t);
  const quirks = new HostQuirks([
    { hosts: [parseDomainPattern('mx.test')], networks: [], extensions: [], pipelineDepth: 2 },
    { hosts: [], networks: [{ address: '127.0.0.1', prefix: 32 }], extensions: [], pipelineDepth: 1 },
  ]);
  const { context, reports, sender } = all;
  sender.reconfigure({ ...context, settings: { ...context.settings, quirks } });
  await connected(all, 1);
  assert.deepEqual(reports.depths, [1]);
});
