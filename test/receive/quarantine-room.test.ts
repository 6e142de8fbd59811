// Room in quarantine over real sockets: a message that would be held is asked for, and refused for now without room.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { RoomGate } from '../../src/policy/room/room-gate.ts';
import type { MailForRoom, RoomLedger, RoomAnswer } from '../../src/policy/room/types.ts';
import { goOn, type Stage } from '../../src/policy/stage.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { type Client, envelope, type Fixture, greeted, start } from './fixture.ts';
import { turns } from './stage-fixture.ts';

const message = 'Subject: x\r\n\r\nhello\r\n.\r\n';
const bytes = Buffer.byteLength('Subject: x\r\n\r\nhello\r\n');

class Ledger implements RoomLedger {
  readonly asked: MailForRoom[] = [];
  readonly givenUp: string[] = [];
  answer: RoomAnswer = { kind: 'reserved' };
  gate: Promise<void> | undefined;

  async reserve(mail: MailForRoom): Promise<RoomAnswer> {
    this.asked.push(mail);
    await this.gate;
    return this.answer;
  }

  giveUp(queueId: string): void {
    this.givenUp.push(queueId);
  }
}

const holding: Stage = { name: 'x', data: () => ({ kind: 'quarantine', reason: 'odd' }) };

async function limited(
  t: TestContext,
  stages: readonly Stage[] = [holding],
): Promise<{ readonly ledger: Ledger; readonly fixture: Fixture; readonly client: Client }> {
  const ledger = new Ledger();
  const quarantine = new RoomGate(ledger);
  quarantine.configure({ all: { messages: 1 }, tenants: new Map() });
  const fixture = await start(t, { stages: stages.map((stage) => ({ stage })), quarantine });
  return { ledger, fixture, client: await greeted(fixture) };
}

test('a message that is held takes room for its size, and keeps it', async (t) => {
  const { client, ledger, fixture } = await limited(t);
  await envelope(client);
  assert.match(await client.ask(message), /^250/);
  assert.deepEqual(ledger.asked, [{ queueId: 'ID1', tenant: '', sizeBytes: bytes }]);
  assert.equal(fixture.spool.kept[0]?.envelope.quarantine, 'odd');
  assert.deepEqual(ledger.givenUp, []);
});

for (const stage of ['data', 'headers', 'content'] as const) {
  test(`without room a message that a stage holds at ${stage} is refused for now, and the session goes on`, async (t) => {
    let holds = true;
    const { client, ledger, fixture } = await limited(t, [
      { name: 'x', [stage]: () => (holds ? { kind: 'quarantine', reason: 'odd' } : goOn) },
    ]);
    ledger.answer = { kind: 'full', full: { quantity: 'messages', limit: 1 } };
    await envelope(client);
    assert.equal(await client.ask(message), '451 4.3.1 No room for this message now, try again later');
    assert.deepEqual(fixture.spool.kept, []);
    assert.deepEqual(fixture.submitted, []);
    assert.equal(fixture.memory.usedBytes, 0);
    const rejected = fixture.log.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(rejected.find(({ event }) => event === 'rejected')?.['stage'], 'quarantine');
    holds = false;
    await envelope(client);
    assert.match(await client.ask(message), /^250/);
    assert.equal(ledger.asked.length, 1);
    assert.deepEqual(ledger.givenUp, []);
  });
}

test('nobody is asked where nothing is held, nothing is limited, or the message is dropped', async (t) => {
  const drop: Stage = { name: 'y', content: () => ({ kind: 'discard', reason: 'no' }) };
  const dropped = await limited(t, [holding, drop]);
  await envelope(dropped.client);
  assert.match(await dropped.client.ask(message), /^250/);
  assert.deepEqual(dropped.ledger.asked, []);
  const free = await limited(t, [{ name: 'x', data: () => goOn }]);
  await envelope(free.client);
  assert.match(await free.client.ask(message), /^250/);
  assert.deepEqual(free.ledger.asked, []);
});

test('when nobody can tell, the message is refused for now', async (t) => {
  const { client, ledger } = await limited(t);
  ledger.answer = { kind: 'failing', reason: 'the manager is away' };
  await envelope(client);
  assert.match(await client.ask(message), /^451 4\.3\.1/);
});

test('a message that cannot be stored gives up its room', async (t) => {
  const { client, ledger, fixture } = await limited(t);
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  await client.ask('DATA\r\n');
  fixture.spool.failure = new SpoolError('SPOOL_WRITE_FAILED', 'no');
  assert.match(await client.ask(message), /^45/);
  assert.deepEqual(ledger.givenUp, [ledger.asked[0]?.queueId]);
});

test('a client that goes while its message waits for room leaves none taken', async (t) => {
  const { client, ledger, fixture } = await limited(t);
  const { promise, resolve } = Promise.withResolvers<void>();
  ledger.gate = promise;
  await envelope(client);
  client.send(message);
  while (ledger.asked.length === 0) await turns();
  // What a client resets is noticed while nothing is read from it.
  client.socket.resetAndDestroy();
  while (fixture.receiver.connections > 0) await turns();
  resolve();
  await turns();
  assert.deepEqual(ledger.givenUp, [ledger.asked[0]?.queueId]);
  assert.deepEqual(fixture.spool.kept, []);
});
