// A tenant's quota of the queue over real sockets: without room mail is refused for now, at MAIL or at its end.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { RoomGate } from '../../src/policy/room/room-gate.ts';
import type { MailForRoom, RoomAnswer, RoomLedger } from '../../src/policy/room/types.ts';
import { QueueQuotaStage } from '../../src/policy/stages/queue-quota-stage.ts';
import { Tenants } from '../../src/policy/tenants.ts';
import { TenantStage } from '../../src/policy/stages/tenant-stage.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { type Client, envelope, type Fixture, greeted, start } from './fixture.ts';

const message = 'Subject: x\r\n\r\nhello\r\n.\r\n';
const bytes = Buffer.byteLength('Subject: x\r\n\r\nhello\r\n');
const noMessages: RoomAnswer = { kind: 'full', full: { tenant: 'shop', quantity: 'messages', limit: 2 } };
const waits = '452 4.3.1 Too much of your mail waits here already: 2 messages may, try again later';

class Ledger implements RoomLedger {
  readonly asked: (MailForRoom & { readonly isTrial: boolean })[] = [];
  readonly givenUp: string[] = [];
  /** The last one is given again and again. */
  answers: RoomAnswer[] = [{ kind: 'reserved' }];

  reserve(mail: MailForRoom, isTrial = false): Promise<RoomAnswer> {
    this.asked.push({ ...mail, isTrial });
    const [answer] = this.answers.length > 1 ? this.answers.splice(0, 1) : this.answers;
    return Promise.resolve(answer ?? assert.fail());
  }

  giveUp(queueId: string): void {
    this.givenUp.push(queueId);
  }
}

async function limited(
  t: TestContext,
  tenant = 'shop',
): Promise<{ readonly ledger: Ledger; readonly fixture: Fixture; readonly client: Client }> {
  const ledger = new Ledger();
  const queue = new RoomGate(ledger);
  queue.configure({ all: {}, tenants: new Map([['shop', { messages: 2 }]]) });
  const tenants = new Tenants([{ name: tenant, priority: 0, sender: [], client: [] }]);
  const fixture = await start(t, {
    firstStages: [{ stage: new TenantStage(tenants) }, { stage: new QueueQuotaStage(queue) }],
    queue,
  });
  return { ledger, fixture, client: await greeted(fixture) };
}

function stagesOf(fixture: Fixture): readonly unknown[] {
  const lines = fixture.log.map((line) => JSON.parse(line) as Record<string, unknown>);
  return lines.filter(({ event }) => event === 'rejected').map(({ command, stage }) => [command, stage]);
}

test('it is asked at MAIL whether there is room, and room is taken for the size at the end', async (t) => {
  const { client, ledger, fixture } = await limited(t);
  await envelope(client);
  assert.match(await client.ask(message), /^250/);
  assert.deepEqual(ledger.asked, [
    { queueId: '', tenant: 'shop', sizeBytes: 0, isTrial: true },
    { queueId: 'ID1', tenant: 'shop', sizeBytes: bytes, isTrial: false },
  ]);
  assert.equal(fixture.spool.kept.length, 1);
  assert.deepEqual(ledger.givenUp, []);
});

test('without room MAIL is answered 452, with the declared size, and the session goes on', async (t) => {
  const { client, ledger, fixture } = await limited(t);
  ledger.answers = [noMessages, { kind: 'reserved' }];
  assert.equal(await client.ask('MAIL FROM:<a@example.net> SIZE=123\r\n'), waits);
  assert.equal(ledger.asked[0]?.sizeBytes, 123);
  assert.deepEqual(stagesOf(fixture), [['MAIL', 'queue-quota']]);
  await envelope(client);
  assert.match(await client.ask(message), /^250/);
});

test('a message that has no room at its end is refused for now, and not stored', async (t) => {
  const { client, ledger, fixture } = await limited(t);
  ledger.answers = [{ kind: 'reserved' }, noMessages];
  await envelope(client);
  assert.equal(await client.ask(message), waits);
  assert.deepEqual(stagesOf(fixture), [['content', 'queue-quota']]);
  assert.deepEqual(fixture.spool.kept, []);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('a message that can never have room is refused for good', async (t) => {
  const { client, ledger } = await limited(t);
  ledger.answers = [{ kind: 'full', full: { tenant: 'shop', quantity: 'bytes', limit: 1024 } }];
  assert.equal(
    await client.ask('MAIL FROM:<a@example.net> SIZE=1025\r\n'),
    '552 5.3.4 The message is larger than all of your mail together may be: 1KiB may',
  );
  assert.equal(
    await client.ask('MAIL FROM:<a@example.net> SIZE=1024\r\n'),
    '452 4.3.1 Too much of your mail waits here already: 1KiB may, try again later',
  );
});

test('when nobody can tell, mail is refused for now', async (t) => {
  const { client, ledger } = await limited(t);
  ledger.answers = [{ kind: 'failing', reason: 'the manager is away' }];
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^451 4\.3\.0 It cannot be told /);
});

test('a message that cannot be stored gives up its room', async (t) => {
  const { client, ledger, fixture } = await limited(t);
  await envelope(client);
  fixture.spool.failure = new SpoolError('SPOOL_WRITE_FAILED', 'no');
  assert.match(await client.ask(message), /^45/);
  assert.deepEqual(ledger.givenUp, ['ID1']);
});

test('nobody is asked about mail of a tenant without a quota', async (t) => {
  const { client, ledger } = await limited(t, 'news');
  await envelope(client);
  assert.match(await client.ask(message), /^250/);
  assert.deepEqual(ledger.asked, []);
});
