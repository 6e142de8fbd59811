// Look-ups of plans: bounded, put by while no name server answers, and never taken for an answer when they were broken off.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lookups } from '../../src/manager/lookups.ts';
import type { ErrorPlan, RoutePlan, Router } from '../../src/route/types.ts';
import { noVerp } from './no-verp.ts';

const temporary: ErrorPlan & { validUntilMs: number } = {
  kind: 'error',
  permanent: false,
  replyCode: 451,
  enhancedStatus: '4.4.3',
  text: 'no',
  validUntilMs: 1,
};
const stranded: RoutePlan = { ...temporary, waitsForDns: true };
const permanent: RoutePlan = { ...temporary, permanent: true };

/** A router that answers when and what the test says. */
class HandRouter {
  readonly open: { key: string; answer: (plan: RoutePlan) => void }[] = [];
  cached(key: string): RoutePlan | undefined {
    return key === 'known' ? permanent : undefined;
  }
  resolve(key: string): Promise<RoutePlan> {
    return new Promise((answer) => this.open.push({ key, answer }));
  }
  async answer(plan: RoutePlan): Promise<void> {
    for (const { answer } of this.open.splice(0)) answer(plan);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  get keys(): string[] {
    return this.open.map(({ key }) => key);
  }
}

function ground(most = 3) {
  const router = new HandRouter();
  const routing = { router: router as unknown as Router, verp: noVerp };
  const told: string[] = [];
  const lookups = new Lookups({
    routing,
    nowMs: () => 0,
    resolved: (route, plan) => void told.push(`${route} ${plan.kind}`),
    most,
  });
  return { router, routing, told, lookups };
}

test('cached plans are returned at once, others are looked up, with a bound at a time', async () => {
  const { router, told, lookups } = ground(2);
  assert.equal(lookups.ask('k', 'known'), permanent);
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    assert.equal(lookups.ask(name, `key ${name}`), undefined);
  }
  assert.deepEqual(router.keys, ['key a', 'key b']);
  await router.answer(permanent);
  assert.deepEqual(router.keys, ['key c', 'key d']);
  await router.answer(permanent);
  await router.answer(permanent);
  assert.deepEqual(told, ['a error', 'b error', 'c error', 'd error', 'e error']);
});

test('a route that waits for a name server gets no plan, and is looked up again when one answers', async () => {
  const { router, told, lookups } = ground();
  for (const name of ['a', 'b', 'c', 'd']) lookups.ask(name, name);
  lookups.isOutage = true;
  await router.answer(stranded);
  assert.deepEqual(router.keys, ['d'], 'what needs no name server may be behind it');
  await router.answer(stranded);
  assert.equal(lookups.stranded, 4);
  assert.deepEqual(told, []);
  lookups.isOutage = false;
  assert.deepEqual(router.keys, ['a', 'b', 'c'], 'no more at once than ever');
  await router.answer(permanent);
  await router.answer(permanent);
  assert.equal(told.length, 4);
});

test('look-ups that a replaced resolver broke off are repeated with the new one', async () => {
  const { router, routing, told, lookups } = ground();
  lookups.ask('a', 'a');
  const next = new HandRouter();
  routing.router = next as unknown as Router;
  lookups.goOn();
  await router.answer(temporary);
  assert.deepEqual(told, []);
  assert.deepEqual(next.keys, ['a']);
  await next.answer(temporary);
  assert.deepEqual(told, ['a error'], 'its own failures count');
});

test('a look-up that a stop breaks off is no answer', async () => {
  const { router, told, lookups } = ground();
  lookups.ask('a', 'a');
  lookups.stop();
  await router.answer(temporary);
  assert.deepEqual(told, []);
});
