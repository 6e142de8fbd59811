// Clients that wait for their greeting, and those that do not.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { nodeTimers } from '../../src/io/timers.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { DelayStates } from '../../src/policy/delays/delay-states.ts';
import { GreetingStage, type GreetingParts } from '../../src/policy/delays/greeting-stage.ts';
import type { StageEntry } from '../../src/policy/stage-entry.ts';
import { goOn } from '../../src/policy/stage.ts';
import { StageTally } from '../../src/policy/stage-tally.ts';
import { NetworkSet } from '../../src/values/network-set.ts';
import { runTrial } from '../../src/receive/trial/trial.ts';
import { envelope, type Client, type Fixture, start } from './fixture.ts';
import { pass, turns } from './stage-fixture.ts';

async function greeting(
  t: TestContext,
  given: Partial<GreetingParts> & {
    readonly most?: number;
    readonly before?: StageEntry;
    readonly options?: Parameters<typeof start>[1];
  } = {},
) {
  const { most = 10, before, options, ...parts } = given;
  const clear = { fixture: undefined as Fixture | undefined };
  const states = new DelayStates({
    set: (each, afterMs) => clear.fixture?.deadlines.set(each, afterMs),
    clear: (each) => clear.fixture?.deadlines.clear(each),
  });
  const state = states.of('greeting', most);
  const counters = new EventCounters();
  const stage = new GreetingStage({
    name: 'greeting',
    audience: 'unknown',
    onFailure: 'tempfail',
    breaker: undefined,
    delayMs: 6_000,
    teaser: undefined,
    early: 'reject',
    rememberMs: 3_600_000,
    exceptClients: new NetworkSet([]),
    field: 'X-Early-Talker',
    state,
    timers: { ...nodeTimers, nowMs: () => clear.fixture?.clock.now ?? 0 },
    tally: new StageTally('greeting', counters),
    isTest: false,
    ...parts,
  });
  const entry = { stage, isCounted: true, isTest: parts.isTest === true };
  const fixture = await start(t, {
    networks: ['10.0.0.0'],
    firstStages: [...(before === undefined ? [] : [before]), entry],
    ...options,
  });
  clear.fixture = fixture;
  return { fixture, counters, state };
}

/** What a client has heard so far. */
function heard(client: Client): { text: string } {
  const all = { text: '' };
  client.socket.on('data', (piece: string) => (all.text += piece));
  return all;
}

test('a client that is not known waits for its greeting, and the next time it does not', async (t) => {
  const { fixture, counters } = await greeting(t);
  const client = await fixture.client();
  const so = heard(client);
  await pass(fixture, 5_000);
  assert.equal(so.text, '');
  await pass(fixture, 2_000);
  assert.match(await client.reply(), /^220 mx\.example\.org/);
  assert.match(await client.ask('EHLO client.example\r\n'), /^250/);
  const again = await fixture.client();
  assert.match(await again.reply(), /^220 mx\.example\.org/);
  assert.deepEqual(counters.counts, { 'stage greeting delayed': 1 });
  // After its time, it waits again.
  await pass(fixture, 3_600_000);
  const late = await fixture.client();
  const silence = heard(late);
  await pass(fixture, 0);
  assert.equal(silence.text, '');
});

for (const said of ['EHLO client.example\r\n', '\n']) {
  test(`a client that says ${JSON.stringify(said)} before its greeting is refused, and waits the next time`, async (t) => {
    const { fixture, counters } = await greeting(t);
    const client = await fixture.client();
    client.send(said);
    await pass(fixture, 0);
    await pass(fixture, 7_000);
    assert.equal(await client.reply(), '554 5.5.1 You have to wait for the greeting');
    assert.equal(await client.reply(), '');
    assert.equal(counters.counts['stage greeting early'], 1);
    assert.equal(fixture.counters.counts['stage greeting reject'], 1);
    const again = await fixture.client();
    const so = heard(again);
    await pass(fixture, 0);
    assert.equal(so.text, '');
  });
}

for (const [early, reply] of [
  ['tempfail', '421 4.5.1 mx.example.org You have to wait for the greeting'],
  ['drop', ''],
] as const) {
  test(`a client that speaks early hears, with "${early}": ${reply}`, async (t) => {
    const { fixture } = await greeting(t, { early });
    const client = await fixture.client();
    client.send('EHLO x\r\n');
    await pass(fixture, 0);
    await pass(fixture, 7_000);
    assert.equal(await client.reply(), reply);
  });
}

test('with "mark", mail of a client that speaks early has a field, and that of others has none', async (t) => {
  const { fixture } = await greeting(t, { early: 'mark' });
  const client = await fixture.client();
  client.send('EHLO client.example\r\n');
  await pass(fixture, 0);
  await pass(fixture, 7_000);
  assert.match(await client.reply(), /^220/);
  assert.match(await client.reply(), /^250/);
  await envelope(client);
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'), /^250/);
  assert.match(fixture.spool.kept[0]?.content ?? '', /\r\nX-Early-Talker: spoke before the greeting\r\n/u);
  const other = await fixture.client();
  await pass(fixture, 0);
  await pass(fixture, 7_000);
  assert.match(await other.reply(), /^220/);
  assert.match(await other.ask('EHLO client.example\r\n'), /^250/);
  await envelope(other);
  assert.match(await other.ask('X-Early-Talker: forged\r\nSubject: x\r\n\r\nhello\r\n.\r\n'), /^250/);
  assert.doesNotMatch(fixture.spool.kept[1]?.content ?? '', /early/iu);
});

test('a teaser is sent at once, also behind a stage that answers later', async (t) => {
  for (const before of [undefined, { stage: { name: 'before', connect: () => Promise.resolve(goOn) } }]) {
    const { fixture } = await greeting(t, { teaser: 'please wait', ...(before !== undefined && { before }) });
    const client = await fixture.client();
    const so = heard(client);
    await pass(fixture, 0);
    assert.equal(so.text, '220-mx.example.org please wait\r\n');
    await pass(fixture, 7_000);
    assert.equal(await client.reply(), '220-mx.example.org please wait\r\n220 mx.example.org ESMTP Sluice');
    assert.match(await client.ask('EHLO client.example\r\n'), /^250-mx/);
  }
});

test('without a delay, what comes before the greeting is too early, and nobody waits', async (t) => {
  const gate = Promise.withResolvers<typeof goOn>();
  const before = { stage: { name: 'before', connect: () => gate.promise } };
  const { fixture } = await greeting(t, { delayMs: 0, before });
  const client = await fixture.client();
  client.send('EHLO x\r\n');
  await turns();
  gate.resolve(goOn);
  assert.match(await client.reply(), /^554 5\.5\.1/);
  const patient = await fixture.client();
  assert.match(await patient.reply(), /^220/);
});

test('beyond the most that may wait, clients are greeted at once', async (t) => {
  const { fixture, counters } = await greeting(t, { most: 1 });
  await fixture.client();
  await pass(fixture, 0);
  const second = await fixture.client();
  assert.match(await second.reply(), /^220/);
  assert.deepEqual(counters.counts, { 'stage greeting delayed': 1, 'stage greeting undelayed': 1 });
});

test('a client that goes while it waits leaves nothing behind', async (t) => {
  const { fixture, state } = await greeting(t);
  const client = await fixture.client();
  await pass(fixture, 0);
  assert.equal(state.delays.waiting, 1);
  client.socket.resetAndDestroy();
  await pass(fixture, 0);
  assert.equal(state.delays.waiting, 0);
  assert.equal(fixture.receiver.connections, 0);
  assert.deepEqual(fixture.troubles.list, []);
});

test('clients in exceptions, clients that may relay, and those of a front end that were greeted do not wait', async (t) => {
  const except = await greeting(t, { exceptClients: new NetworkSet([{ address: '127.0.0.0', prefix: 8 }]) });
  assert.match(await (await except.fixture.client()).reply(), /^220/);
  const relay = await greeting(t, { options: { networks: ['127.0.0.0'] } });
  assert.match(await (await relay.fixture.client()).reply(), /^220/);
  const told = await greeting(t, { delayMs: 0, options: { xclient: ['127.0.0.1'] } });
  const client = await told.fixture.client();
  assert.match(await client.reply(), /^220/);
  assert.match(await client.ask('EHLO front.example\r\n'), /^250/);
  assert.match(await client.ask('XCLIENT ADDR=192.0.2.9\r\n'), /^220/);
});

test('where TLS is implicit, the handshake is not too early, and what follows it is', async (t) => {
  const { fixture } = await greeting(t, { options: { tls: 'implicit', networks: ['10.0.0.0'] } });
  const open = async () => {
    const socket = connectTls({ host: '127.0.0.1', port: fixture.port, rejectUnauthorized: false });
    const all = { text: '' };
    socket.setEncoding('latin1').on('data', (piece: string) => (all.text += piece));
    t.after(() => socket.destroy());
    const ended = once(socket, 'end');
    await once(socket, 'secureConnect');
    return { socket, all, ended };
  };
  const patient = await open();
  await pass(fixture, 0);
  assert.equal(patient.all.text, '');
  const eager = await open();
  eager.socket.write('EHLO x\r\n');
  await pass(fixture, 0);
  await pass(fixture, 7_000);
  await eager.ended;
  assert.match(eager.all.text, /^554 5\.5\.1/);
  assert.match(patient.all.text, /^220 /);
});

test('a test keeps nobody waiting, and refuses nobody', async (t) => {
  const gate = Promise.withResolvers<typeof goOn>();
  const before = { stage: { name: 'before', connect: () => gate.promise } };
  const { fixture } = await greeting(t, { isTest: true, teaser: 'please wait', before });
  const client = await fixture.client();
  client.send('EHLO client.example\r\n');
  await turns();
  gate.resolve(goOn);
  assert.match(await client.reply(), /^220 mx/);
  assert.match(await client.reply(), /^250/);
  assert.equal(fixture.counters.counts['stage greeting test reject'], 1);
});

test('policy try does not wait', async (t) => {
  const { fixture } = await greeting(t);
  const { listener, stageWatch: watch } = fixture;
  const mail = { from: 'a@b.test', to: ['b@example.com'], client: '192.0.2.9', helo: 'x.test', tls: false };
  const signal = new AbortController().signal;
  const report = await runTrial({ listener, watch, nowMs: () => 0 }, mail, Buffer.from('a: b\r\n'), signal);
  assert.equal(report.outcome.kind, 'accepted');
});
