// Connections on which recipients are asked for are counted by somebody else, who may allow none.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type {
  VisitAnswer,
  VisitLedger,
  VisitWish,
} from '../../../src/deliver/call-ahead/call-ahead-types.ts';
import type { SocketHop } from '../../../src/route/types.ts';
import { MailServer } from '../mail-server.ts';
import { hopAt, poolOf } from './fixture.ts';

class Ledger implements VisitLedger {
  readonly wishes: VisitWish[] = [];
  readonly ended: number[] = [];
  readonly lost: (() => void)[] = [];
  answer: Promise<VisitAnswer> | undefined;

  visit(wish: VisitWish, lost: () => void): Promise<VisitAnswer> {
    this.wishes.push(wish);
    this.lost.push(lost);
    const number = this.wishes.length;
    const hop = wish.plan.addresses[0] as SocketHop;
    return this.answer ?? Promise.resolve({ kind: 'visit', number, hop, source: '' });
  }

  visitEnded(number: number): void {
    this.ended.push(number);
  }
}

async function ground(t: TestContext) {
  const server = await MailServer.listen(t);
  const visits = new Ledger();
  return {
    server,
    visits,
    ...poolOf(t, [hopAt(server.port)], { connections: 1, visits, timeLimitMs: 5_000 }),
  };
}

test('a connection is asked for with the route and the domain, and its end is told when it is closed', async (t) => {
  const { pool, server, visits } = await ground(t);
  const asked = pool.ask('Joe@B.test');
  const peer = await server.accept();
  const [wish] = visits.wishes;
  assert.deepEqual([wish?.key, wish?.domain, wish?.plan.site], ['mx:example.org', 'b.test', 'mx.test']);
  await peer.hello();
  await peer.dialogue(['MAIL FROM:<>', '250 ok'], ['RCPT TO:<Joe@B.test>', '250 ok'], ['RSET', '250 ok']);
  assert.deepEqual(await asked, { kind: 'accepted' });
  assert.deepEqual(visits.ended, []);
  pool.close();
  await peer.dialogue(['QUIT', '221 bye']);
  peer.socket.end();
  await peer.closed;
  assert.deepEqual(visits.ended, [1]);
});

test('where none is allowed, nobody is asked, and that says nothing about the server', async (t) => {
  const { pool, visits } = await ground(t);
  visits.answer = Promise.resolve({ kind: 'failing', reason: 'too many' });
  assert.deepEqual(await pool.ask('joe@b.test'), { kind: 'unasked', reason: 'too many', servers: 'untried' });
});

test('one that is allowed too late is given back', async (t) => {
  const { pass, pool, server, visits } = await ground(t);
  const late = Promise.withResolvers<VisitAnswer>();
  visits.answer = late.promise;
  const asked = pool.ask('joe@b.test');
  await Promise.resolve();
  pass(6_000);
  const reason = 'limits have allowed no connection in time';
  assert.deepEqual(await asked, { kind: 'unasked', reason, servers: 'untried' });
  late.resolve({ kind: 'visit', number: 7, hop: hopAt(server.port), source: '' });
  await late.promise;
  await Promise.resolve();
  assert.deepEqual(visits.ended, [7]);
  assert.equal(pool.connections, 0);
});

test('when nobody counts it any more, it is closed at once', async (t) => {
  const { pool, server, visits } = await ground(t);
  const asked = pool.ask('joe@b.test');
  const peer = await server.accept();
  await peer.hello();
  await peer.dialogue(['MAIL FROM:<>']);
  visits.answer = Promise.resolve({ kind: 'failing', reason: 'the manager process is being restarted' });
  visits.lost[0]?.();
  const outcome = await asked;
  assert.equal(outcome.kind, 'refused');
  await peer.closed;
});
