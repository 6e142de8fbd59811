// Visits of receivers: they are counted by the scheduler, and end with their receiver.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Deadlines } from '../../src/io/deadlines.ts';
import { nodeTimers } from '../../src/io/timers.ts';
import type { VisitAnswer } from '../../src/deliver/call-ahead/call-ahead-types.ts';
import { VisitDesk } from '../../src/manager/visit-desk.ts';
import { DefenceLink } from '../../src/process/roles/defence-link.ts';
import type { RelayPlan } from '../../src/route/types.ts';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { drive } from '../../src/schedule/drive.ts';
import { configOf, ignored, relay, start } from '../schedule/table.ts';

class Channel {
  readonly #callbacks: (() => void)[] = [];

  onClosed(callback: () => void): void {
    this.#callbacks.push(callback);
  }

  close(): void {
    for (const callback of this.#callbacks) callback();
  }
}

const wish = {
  key: 'mx:example.org',
  domain: 'example.org',
  plan: relay('example.org', ['192.0.2.1']) as RelayPlan,
};

function ground(t: TestContext, perSite: number) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const scheduler = createScheduler(configOf({ limits: { perSite } }), start);
  const desk: VisitDesk = new VisitDesk({
    scheduler,
    timers: nodeTimers,
    nowMs: () => start,
    changed: () => drive(scheduler, { ...ignored, visit: (effect) => desk.begun(effect) }),
  });
  const ask = (channel: Channel): VisitAnswer[] => {
    const answers: VisitAnswer[] = [];
    desk.ask(wish, channel, (answer) => answers.push(answer));
    return answers;
  };
  return { ask, desk, scheduler };
}

function numberOf([answer]: readonly VisitAnswer[]): number {
  assert.ok(answer?.kind === 'visit', JSON.stringify(answer));
  return answer.number;
}

test('a visit waits for another one of its site, and begins when that has ended', (t) => {
  const { ask, desk, scheduler } = ground(t, 1);
  const channel = new Channel();
  const first = ask(channel);
  const second = ask(channel);
  assert.deepEqual(second, []);
  assert.equal(scheduler.sites()[0]?.connections, 1);
  desk.ended(numberOf(first), new Channel());
  assert.deepEqual(second, [], 'another receiver has nothing to say about it');
  desk.ended(numberOf(first), channel);
  desk.ended(numberOf(first), channel);
  desk.ended(numberOf(second), channel);
  assert.deepEqual(scheduler.sites(), []);
});

test('one that finds no room in time is told so, and does not begin later', (t) => {
  const { ask, desk, scheduler } = ground(t, 1);
  const channel = new Channel();
  const first = ask(channel);
  const second = ask(channel);
  t.mock.timers.tick(10_000);
  assert.deepEqual(second, [
    { kind: 'failing', reason: 'limits have allowed no connection for this in time' },
  ]);
  desk.ended(numberOf(first), channel);
  assert.deepEqual(scheduler.sites(), []);
  assert.equal(second.length, 1);
});

test('all visits of a receiver end with it, also those that wait', (t) => {
  const { ask, scheduler } = ground(t, 1);
  const gone = new Channel();
  const other = new Channel();
  const first = ask(gone);
  const second = ask(gone);
  const third = ask(other);
  numberOf(first);
  gone.close();
  assert.deepEqual(second, []);
  numberOf(third);
  assert.equal(scheduler.sites()[0]?.connections, 1);
});

test('their number is bounded', (t) => {
  const { ask } = ground(t, 10);
  const channel = new Channel();
  for (let count = 0; count < 1_000; count++) ask(channel);
  const [answer] = ask(channel);
  assert.equal(answer?.kind, 'failing');
});

test('a receiver gives back what nobody waits for any more, and hears when its manager is gone', async () => {
  const posted: unknown[] = [];
  const clock = { now: 0 };
  const deadlines = new Deadlines({ now: () => clock.now });
  const link = new DefenceLink((message) => posted.push(message), deadlines);
  const hop = wish.plan.addresses[0]! as Extract<VisitAnswer, { kind: 'visit' }>['hop'];
  const lost: string[] = [];
  link.linked();
  const asked = link.visit(wish, () => lost.push('first'));
  link.take({ kind: 'defended', id: 1, answer: { kind: 'visit', number: 5, hop, source: '' } });
  assert.equal((await asked).kind, 'visit');
  // The answer to a question that has ended.
  link.take({ kind: 'defended', id: 1, answer: { kind: 'visit', number: 6, hop, source: '' } });
  assert.deepEqual(posted.slice(1), [{ kind: 'visitEnded', number: 6 }]);
  link.lost();
  assert.deepEqual(lost, ['first']);
  link.visitEnded(5);
  assert.equal(posted.length, 2, 'the next manager knows nothing of it');
});
