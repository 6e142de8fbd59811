// Servers that keep mail for this one are asked for it: when, how often again, and what operators are told, on virtual time.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Errand, ErrandOutcome } from '../../../src/deliver/errand/types.ts';
import { nodeTimers } from '../../../src/io/timers.ts';
import { askByEtrn } from '../../../src/manager/backup/etrn-answers.ts';
import { runCounted } from '../../../src/manager/backup/counted-errands.ts';
import { EtrnRequests } from '../../../src/manager/backup/etrn-requests.ts';
import { smtpHop } from '../../../src/route/next-hop.ts';
import type { RoutePlan } from '../../../src/route/types.ts';
import { createScheduler } from '../../../src/schedule/create-scheduler.ts';
import type { AskedServer } from '../../../src/settings/etrn.ts';
import { Troubles } from '../../../src/stats/troubles.ts';
import { configOf, start } from '../../schedule/table.ts';

const server: AskedServer = {
  name: 'bu.test:25',
  key: 'relay#~x',
  nodes: ['far.test'],
  atStart: true,
  everyMs: undefined,
};

const started: ErrandOutcome = {
  kind: 'answered',
  replies: [{ node: 'far.test', code: 250, text: '250 2.0.0 OK, queuing started' }],
};

function ground(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const state = {
    outcome: started,
    isReceiving: true,
    plan: {
      kind: 'relay',
      site: 's',
      label: 's',
      addresses: [smtpHop('bu.test', '192.0.2.1', 25, 0), smtpHop('bu.test', '192.0.2.2', 25, 0)],
      validUntilMs: Infinity,
    } as RoutePlan,
  };
  const asked: string[] = [];
  const troubles = new Troubles();
  const log = { info: () => undefined, warn: () => undefined, debug: () => undefined };
  const scheduler = createScheduler(configOf(), start);
  const senders = {
    errand: ({ hop, etrn }: Errand) => {
      asked.push(`${hop.ip} ${etrn?.join(' ')}`);
      return Promise.resolve(state.outcome);
    },
  };
  const requests = new EtrnRequests({
    timers: nodeTimers,
    log,
    troubles,
    resolve: () => Promise.resolve(state.plan),
    run: (counted) =>
      runCounted({ scheduler, senders, nowMs: () => start, changed: () => undefined }, counted),
    isReceiving: () => state.isReceiving,
  });
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    for (let turn = 0; turn < 12; turn++) await Promise.resolve();
  };
  return { state, asked, troubles, requests, pass };
}

test('a server is asked once this one takes mail, and not again', async (t) => {
  const { asked, pass, requests, state } = ground(t);
  state.isReceiving = false;
  requests.configure([server]);
  await pass(0);
  assert.deepEqual(asked, []);
  state.isReceiving = true;
  await pass(1_000);
  assert.deepEqual(asked, ['192.0.2.1 far.test']);
  await pass(100 * 3_600_000);
  assert.equal(asked.length, 1);
});

test('one that cannot be asked is asked again, by all its addresses, ever more rarely', async (t) => {
  const { asked, pass, requests, state, troubles } = ground(t);
  state.outcome = { kind: 'failed', reason: 'connection refused' };
  requests.configure([server]);
  const at: number[] = [];
  for (let second = 0; second <= 3 * 3_600; second++) {
    const before = asked.length;
    await pass(second === 0 ? 0 : 1_000);
    if (asked.length > before) at.push(second);
  }
  assert.deepEqual(asked.slice(0, 2), ['192.0.2.1 far.test', '192.0.2.2 far.test']);
  assert.deepEqual(at, [0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 2047, 3847, 5647, 7447, 9247]);
  assert.match(troubles.list[0]?.text ?? '', /^bu\.test:25 could not be asked .* connection refused\.$/u);
  state.outcome = started;
  await pass(1_800_000);
  assert.deepEqual(troubles.list, []);
});

test('458 is for now; what a server refuses for good is told at once, and not asked again', async (t) => {
  const { asked, pass, requests, state, troubles } = ground(t);
  const answered = (code: number): ErrandOutcome => ({
    kind: 'answered',
    replies: [{ node: 'far.test', code, text: `${code} no` }],
  });
  state.outcome = answered(458);
  requests.configure([server]);
  await pass(0);
  assert.equal(troubles.list.length, 0);
  state.outcome = answered(459);
  await pass(1_000);
  assert.equal(asked.length, 2);
  assert.match(troubles.list[0]?.text ?? '', /it answered ETRN far\.test with 459 no/u);
  await pass(3_600_000);
  assert.equal(asked.length, 2);
});

test('with every it is asked in intervals; without at_start, not before', async (t) => {
  const { asked, pass, requests } = ground(t);
  requests.configure([{ ...server, atStart: false, everyMs: 60_000 }]);
  await pass(59_999);
  assert.equal(asked.length, 0);
  await pass(1);
  await pass(60_000);
  assert.equal(asked.length, 2);
  requests.configure([]);
  await pass(600_000);
  assert.equal(asked.length, 2);
});

test('a reload asks what is new, and leaves what is as before alone', async (t) => {
  const { asked, pass, requests } = ground(t);
  requests.configure([server]);
  await pass(0);
  requests.configure([server, { ...server, nodes: ['near.test'] }]);
  await pass(0);
  assert.deepEqual(asked, ['192.0.2.1 far.test', '192.0.2.1 near.test']);
  requests.stop();
  requests.configure([{ ...server, nodes: ['late.test'] }]);
  await pass(10_000);
  assert.equal(asked.length, 2);
});

test('an operator asks configured servers by their names, and others for domains', async (t) => {
  const { asked, requests, state } = ground(t);
  const ask = (host: string | undefined, ...nodes: string[]) =>
    askByEtrn({ host, nodes }, [server], requests);
  const [all] = await ask(undefined);
  assert.equal(all?.server, 'bu.test:25');
  assert.equal(all.replies[0]?.code, 250);
  await ask('BU.test');
  await ask('bu.test:25', '#other');
  await ask('192.0.2.9:26', 'x.test');
  assert.deepEqual(
    asked.map((each) => each.split(' ')[1]),
    ['far.test', 'far.test', '#other', 'x.test'],
  );
  assert.deepEqual(await ask('other.test'), []);
  assert.match((await ask(undefined, 'no domain'))[0]?.reason ?? '', /neither a domain/u);
  assert.match((await ask('a b', 'x.test'))[0]?.reason ?? '', /a b/u);
  state.plan = {
    kind: 'error',
    permanent: false,
    replyCode: 451,
    enhancedStatus: '4.4.3',
    text: 'not found',
    validUntilMs: 0,
  };
  assert.equal((await ask(undefined))[0]?.reason, 'not found');
});
