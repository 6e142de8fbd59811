// Mail that stays in quarantine too long is deleted or bounced, as the configuration says, and no other mail is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ground, plain } from './assembled.ts';

const hourMs = 3_600_000;
const config = (expired: string): string =>
  `${plain}\n[quarantine]\nmax_age = "3h"\nexpired = "${expired}"\n`;

test('mail is deleted when it has been in quarantine for too long, and other held mail is not', async (t) => {
  const at = await ground(t, { config: config('delete') });
  await at.submitHeld('spam', 'u@a.test', 'v@a.test');
  const byOperator = await at.submit('u@b.test');
  await at.ask('queue.change', { action: 'hold', filter: { ids: [byOperator] } });
  await at.timers.pass(2 * hourMs);
  const young = await at.submitHeld('spam', 'w@a.test');
  await at.timers.pass(hourMs / 2);
  assert.deepEqual(
    at.store.told.filter((line) => line.includes('removed')),
    [],
  );
  await at.timers.pass(2 * hourMs);
  assert.deepEqual(
    at.store.told.filter((line) => line.includes('removed')),
    ['settle removed Q0 0', 'settle removed Q0 1'],
  );
  await at.timers.pass(2 * hourMs);
  assert.ok(at.store.told.includes(`settle removed ${young} 0`));
  assert.ok(!at.store.told.some((line) => line.includes(byOperator) && line.includes('removed')));
  assert.deepEqual(at.store.reports, []);
});

test('with expired = "bounce", the sender of mail that was in quarantine for too long gets a report', async (t) => {
  const at = await ground(t, { config: config('bounce') });
  await at.submitHeld('spam', 'u@a.test');
  await at.timers.pass(5 * hourMs);
  assert.deepEqual(
    at.store.reports.map(({ envelope }) => envelope.recipients.map(({ address }) => address)),
    [['a@from.test']],
  );
});

test('a system clock that is set forward deletes nothing from the quarantine', async (t) => {
  const at = await ground(t, { config: config('delete') });
  await at.submitHeld('spam', 'u@a.test');
  at.system.aheadMs = 1_000 * hourMs;
  await at.timers.pass(2.5 * hourMs);
  assert.deepEqual(
    at.store.told.filter((line) => line.includes('removed')),
    [],
  );
  await at.timers.pass(2 * hourMs);
  assert.deepEqual(
    at.store.told.filter((line) => line.includes('removed')),
    ['settle removed Q0 0'],
  );
});
