// Which sender process gets a connection, and how long its connections count.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectGrant, Work } from '../../src/deliver/types.ts';
import { type Channel, localChannel } from '../../src/channel/channel.ts';
import { nodeTimers } from '../../src/io/timers.ts';
import { Senders } from '../../src/manager/senders.ts';
import type { ManagerToSender, SenderToManager } from '../../src/channel/messages.ts';
import { smtpHop } from '../../src/route/next-hop.ts';

const work: Work = {
  queueId: 'Q',
  ref: { store: 0, place: [1, 0, 1] },
  recipients: [0],
  fresh: true,
};

function grant(connection: number): ConnectGrant {
  return { connection, site: 'site', hop: smtpHop('mx.test', '127.0.0.1', 25, 0), source: '', work };
}

interface Options {
  readonly perProcess?: number;
  readonly before?: readonly number[];
  readonly lost?: (connection: number) => void;
}

/** The senders of a manager, what each process is told, and what the manager is told. */
function setUp({ perProcess = 10, before = [], lost: onLost = () => undefined }: Options = {}) {
  const lost: number[] = [];
  const carried: number[] = [];
  const awaited: (readonly number[])[] = [];
  const senders = new Senders({
    perProcess,
    before,
    timers: nodeTimers,
    lost: (connection) => {
      lost.push(connection);
      onLost(connection);
    },
    carry: (connections) => carried.push(connections),
    awaits: (serials) => awaited.push(serials),
  });
  const add = (serial: number) => {
    const told: string[] = [];
    const [managerEnd, senderEnd] = localChannel<ManagerToSender, SenderToManager>();
    senderEnd.receive((batch) =>
      told.push(...batch.map((each) => `${each.kind} ${each.kind === 'errand' ? each.id : each.connection}`)),
    );
    senders.add(managerEnd, serial);
    return { told, end: senderEnd as Channel<SenderToManager, ManagerToSender> };
  };
  return { senders, lost, carried, awaited, add };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test('each new connection goes to the process with the fewest, and its messages follow it', async () => {
  const { senders, add } = setUp();
  const [a, b] = [add(1), add(2)];
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

test('capacity is what the linked processes can hold together', () => {
  const { senders, carried, add } = setUp({ perProcess: 2 });
  const a = add(1);
  add(2);
  a.end.close();
  add(3);
  senders.configure(7);
  assert.deepEqual(carried, [0, 2, 4, 2, 4, 14]);
});

test('capacity is 0 until every earlier process has said hello or has ended', () => {
  const { senders, carried, awaited, add } = setUp({ before: [4, 5, 6] });
  add(7); // it started after the manager, and has no connections
  add(5);
  senders.ended(4);
  assert.deepEqual(carried, [0]);
  add(6);
  assert.deepEqual(carried, [0, 30]);
  assert.deepEqual(awaited, [[4, 5, 6], [4, 6], [6], []]);
});

test('the connections of a process count until its link is lost and it has certainly ended, in either order', () => {
  const { senders, lost, add } = setUp();
  const [a, b] = [add(1), add(2)];
  for (const connection of [1, 2, 3, 4]) senders.connect(grant(connection));
  senders.closed(1);
  a.end.close();
  assert.deepEqual(lost, []);
  senders.ended(1);
  assert.deepEqual(lost, [3]);
  senders.ended(2); // what it said last is still on its way
  assert.deepEqual(lost, [3]);
  b.end.close();
  assert.deepEqual(lost, [3, 2, 4]);
  assert.equal(senders.count, 0);
  assert.equal(senders.connections, 0);
});

test('a process that lost its link and says hello again has closed its connections', () => {
  const { senders, lost, add } = setUp();
  const a = add(1);
  senders.connect(grant(1));
  a.end.close();
  assert.deepEqual(lost, []);
  add(1);
  assert.deepEqual(lost, [1]);
});

test('messages over the old link of a process that has said hello again are ignored', async () => {
  const { senders } = setUp();
  const heard: string[] = [];
  const hello = (name: string) => {
    const [managerEnd, senderEnd] = localChannel<ManagerToSender, SenderToManager>();
    managerEnd.receive((batch) => heard.push(...batch.map((each) => `${name} ${each.kind}`)));
    senders.add(managerEnd, 1);
    return senderEnd;
  };
  const old = hello('old');
  const next = hello('next');
  for (const end of [old, next]) end.post({ kind: 'closed', connection: 1, report: { kind: 'closed' } });
  await turn();
  assert.deepEqual(heard, ['next closed']);
});

test('the end of a process may be known before its hello is read', () => {
  const { senders, lost, add } = setUp();
  senders.ended(1);
  const a = add(1);
  senders.connect(grant(1));
  a.end.close();
  assert.deepEqual(lost, [1]);
});

test('a sender in the process of the manager ends with its channel', () => {
  const { senders, lost, add } = setUp();
  const a = add(0);
  senders.connect(grant(1));
  a.end.close();
  assert.deepEqual(lost, [1]);
});

test('capacity shrinks before the connections of a dead process are reported as lost', () => {
  const order: string[] = [];
  const senders = new Senders({
    perProcess: 2,
    before: [],
    timers: nodeTimers,
    lost: (connection) => order.push(`lost ${connection}`),
    carry: (connections) => order.push(`carry ${connections}`),
    awaits: () => undefined,
  });
  const [managerEnd, senderEnd] = localChannel<ManagerToSender, SenderToManager>();
  senders.add(managerEnd, 1);
  senders.connect(grant(1));
  senderEnd.close();
  senders.ended(1);
  assert.deepEqual(order, ['carry 0', 'carry 2', 'carry 0', 'lost 1']);
});

test('a grant that no process can carry is reported as lost', async () => {
  const { senders, lost } = setUp();
  senders.connect(grant(1));
  assert.deepEqual(lost, [], 'not while it is being granted');
  await turn();
  assert.deepEqual(lost, [1]);
});

test('a grant that follows from a loss goes to a process that lives', async () => {
  const { senders, add } = setUp({ lost: (connection) => senders.connect(grant(connection + 10)) });
  const dying = add(1);
  senders.connect(grant(1));
  const living = add(2);
  dying.end.close();
  senders.ended(1);
  await turn();
  assert.deepEqual(living.told, ['connect 11']);
});

test('while draining nothing is granted and nothing counts as lost; the end of the last process is told', async () => {
  const { senders, add, lost } = setUp();
  await senders.gone(); // nobody is there
  const [a, b] = [add(1), add(2)];
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
  senders.ended(1);
  await turn();
  assert.equal(gone, false);
  b.end.close();
  senders.ended(2);
  await end;
  assert.deepEqual(lost, []);
});
