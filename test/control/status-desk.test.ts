// What `sluice status` shows while roles are missing, slow or silent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlError } from '../../src/control/control-error.ts';
import type { ManagerStatus } from '../../src/control/operations/status.ts';
import type { Service } from '../../src/control/operations/operation.ts';
import type { ManagerSet } from '../../src/control/operations/sets.ts';
import { StatusDesk } from '../../src/control/status-desk.ts';
import type { ReportedTrouble } from '../../src/stats/trouble-board.ts';
import { localAsker } from './local-asker.ts';

const numbers = { version: '1', messages: 3 } as ManagerStatus;
const disk: ReportedTrouble = {
  key: 'disk',
  level: 'critical',
  text: 'The disk is full.',
  advice: 'Make room.',
  sinceMs: 1,
  processes: ['receiver'],
};
const never = () => new Promise<never>(() => undefined);

function desk(manager: Partial<Service<ManagerSet>>, troubles: readonly ReportedTrouble[] = [disk]) {
  return new StatusDesk({
    ask: localAsker({ ping: () => null, status: () => numbers, ...manager }),
    troubles: () => troubles,
  });
}

test('the numbers of the manager come with the troubles of all processes', async () => {
  assert.deepEqual(await desk({}).answer({}), { kind: 'complete', ...numbers, troubles: [disk] });
});

test('a role without any process is a critical trouble', async () => {
  const status = () => Promise.resolve({ ...numbers, missing: ['sender', 'receiver'] as const });
  const { troubles } = await desk({ status }).answer({});
  assert.deepEqual(
    troubles.map(({ key, level }) => [key, level]),
    [
      ['role:sender', 'critical'],
      ['role:receiver', 'critical'],
      ['disk', 'critical'],
    ],
  );
});

test('a role without any process is reported once, with the text of the supervisor', async () => {
  const status = () => Promise.resolve({ ...numbers, missing: ['sender'] as const });
  const why: ReportedTrouble = { ...disk, key: 'role:sender 2', text: 'The sender 2 process ended.' };
  assert.deepEqual((await desk({ status }, [why]).answer({})).troubles, [why]);
});

test('a manager that answers no ping within a second is reported as silent, with what is known without it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked = desk({ ping: never, status: never }).answer({});
  t.mock.timers.tick(1_000);
  const answer = await asked;
  assert.equal(answer.kind, 'without-manager');
  assert.deepEqual(
    answer.troubles.map(({ key, level }) => [key, level]),
    [
      ['role:manager', 'critical'],
      ['disk', 'critical'],
    ],
  );
});

test('a lost manager is reported at once, with the text of the supervisor', async () => {
  const why: ReportedTrouble = { ...disk, key: 'role:manager', text: 'The manager process ended.' };
  const lost = () => Promise.reject(new ControlError('MANAGER_LOST', 'gone'));
  const answer = await desk({ ping: lost }, [why]).answer({});
  assert.equal(answer.kind, 'without-manager');
  assert.deepEqual(answer.troubles, [why]);
});

test('a manager that ends while it answers is reported as silent', async () => {
  let isThere = true;
  const answer = await desk({
    ping: () => (isThere ? Promise.resolve(null) : Promise.reject(new Error('gone'))),
    status: () => {
      isThere = false;
      return Promise.reject(new Error('gone'));
    },
  }).answer({});
  assert.equal(answer.kind, 'without-manager');
});

test('a long answer is waited for while the manager answers pings', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked = Promise.withResolvers<void>();
  const status = Promise.withResolvers<ManagerStatus>();
  const answer = desk({
    status: () => {
      asked.resolve();
      return status.promise;
    },
  }).answer({});
  await asked.promise;
  t.mock.timers.tick(60_000);
  status.resolve(numbers);
  assert.equal((await answer).kind, 'complete');
});

test('an error of the manager is not reported as silence', async () => {
  const status = () => Promise.reject(new ControlError('CONTROL_FAILED', 'a mistake'));
  await assert.rejects(desk({ status }).answer({}), /a mistake/u);
});
