import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectGrant, Work } from '../../src/deliver/types.ts';
import { type Channel, localChannel } from '../../src/process/channel.ts';
import { Senders } from '../../src/process/manager/senders.ts';
import type { ManagerToSender, SenderToManager } from '../../src/process/messages.ts';

const work: Work = {
  queueId: 'Q',
  ref: { segment: 1, offset: 0, length: 1 },
  recipients: [0],
  fresh: true,
};

function grant(connection: number): ConnectGrant {
  return { connection, site: 'site', ip: '127.0.0.1', port: 25, host: 'mx.test', source: '', work };
}

/** The senders of a manager, and what each process is told. */
function setUp(perProcess = 10) {
  const lost: number[] = [];
  const senders = new Senders((connection) => lost.push(connection), perProcess);
  const add = () => {
    const told: string[] = [];
    const [managerEnd, senderEnd] = localChannel<ManagerToSender, SenderToManager>();
    senderEnd.receive((batch) => told.push(...batch.map((each) => `${each.kind} ${each.connection}`)));
    senders.add(managerEnd);
    return { told, end: senderEnd as Channel<SenderToManager, ManagerToSender> };
  };
  return { senders, lost, add };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test('each new connection goes to the process with the fewest, and its messages follow it', async () => {
  const { senders, add } = setUp();
  const [a, b] = [add(), add()];
  for (const connection of [1, 2, 3]) senders.connect(grant(connection));
  senders.closed(1);
  senders.closed(3);
  senders.connect(grant(4));
  senders.transact(2, work);
  senders.close(4);
  senders.transact(1, work); // closed: its report is known already
  await turn();
  assert.deepEqual(a.told, ['connect 1', 'connect 3', 'connect 4', 'close 4']);
  assert.deepEqual(b.told, ['connect 2', 'transact 2']);
  assert.equal(senders.connections, 2);
});

test('what was granted while no process was there goes to the next one', async () => {
  const { senders, add, lost } = setUp();
  senders.connect(grant(1));
  senders.connect(grant(2));
  assert.equal(senders.connections, 0);
  const { told } = add();
  await turn();
  assert.deepEqual(told, ['connect 1', 'connect 2']);
  assert.equal(senders.connections, 2);
  assert.deepEqual(lost, []);
});

test('the connections of a process that died are lost, those of the others are not', () => {
  const { senders, add, lost } = setUp();
  const a = add();
  add();
  for (const connection of [1, 2, 3, 4]) senders.connect(grant(connection));
  senders.closed(1);
  a.end.close();
  assert.deepEqual(lost, [3]);
  assert.equal(senders.count, 1);
  assert.equal(senders.connections, 2);
});

test('a grant that follows from a loss goes to a process that lives', async () => {
  const told: string[] = [];
  const senders: Senders = new Senders((connection) => senders.connect(grant(connection + 10)), 10);
  const [deadEnd, dying] = localChannel<ManagerToSender, SenderToManager>();
  senders.add(deadEnd);
  senders.connect(grant(1));
  const [livingEnd, living] = localChannel<ManagerToSender, SenderToManager>();
  living.receive((batch) => told.push(...batch.map((each) => `${each.kind} ${each.connection}`)));
  senders.add(livingEnd);
  dying.close();
  await turn();
  assert.deepEqual(told, ['connect 11']);
});

test('while draining nothing is granted and nothing counts as lost; the end of the last process is told', async () => {
  const { senders, add, lost } = setUp();
  await senders.gone(); // nobody is there
  const [a, b] = [add(), add()];
  senders.connect(grant(1));
  senders.connect(grant(2));
  senders.drain();
  senders.connect(grant(3));
  senders.transact(1, work);
  await turn();
  assert.deepEqual([a.told, b.told], [['connect 1'], ['connect 2']]);
  let gone = false;
  const end = senders.gone().then(() => (gone = true));
  a.end.close();
  await turn();
  assert.equal(gone, false);
  b.end.close();
  await end;
  assert.deepEqual(lost, []);
});

test('when one of two full processes dies, the other is not filled beyond what it can hold', async () => {
  const { senders, add, lost } = setUp(2);
  const a = add();
  const b = add();
  for (const connection of [1, 2, 3, 4]) senders.connect(grant(connection));
  a.end.close();
  for (const connection of lost) senders.connect(grant(connection + 10));
  await turn();
  assert.deepEqual(b.told, ['connect 2', 'connect 4']);
  senders.closed(2); // room for one
  await turn();
  assert.deepEqual(b.told.slice(2), ['connect 11']);
  const again = add();
  await turn();
  assert.deepEqual(again.told, ['connect 13']);
});
