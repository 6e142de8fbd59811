// Schedules with a running Sluice: retry lists and curves, lifetimes and windows, by route, domain and tenant. Warnings, which come after five
// minutes at the earliest, are in test/manager/delay-watch.test.ts, and nights in which clocks change in test/simulate/schedules.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuses } from '../../sim/mx/personality.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from '../interop/mail.ts';

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
/** It does not open while a test runs. */
const farWindow = `${days[(new Date().getUTCDay() + 3) % 7]} 10:00-11:00`;

/** Dates have whole milliseconds. */
const roundedMs = 2;

const content = 'Subject: x\r\n\r\nHello\r\n';

test('times follow the schedule of the route, the domain and the tenant', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground, { personality: refuses(/@(?!closed|from)/u, '451 4.7.1 Not now') });
  const config = (windows: readonly string[] | 'always'): SluiceConfig => ({
    queue: { retry: ['1h'], retry_jitter: 0 },
    route: [
      { name: 'listed', domain: ['list.test'], relay: [`127.0.0.1:${mx.port}`] },
      { relay: [`127.0.0.1:${mx.port}`] },
    ],
    tenant: [{ name: 'news', sender: ['news.test'] }],
    schedule: [
      { name: 'list', route: ['listed'], retry: ['1s', '2s'] },
      { name: 'curve', domain: ['curve.test'], retry: { first: '1s', factor: 2, most: '1h' } },
      { name: 'short', tenant: ['news'], lifetime: '4s', retry: ['1s'] },
      { name: 'far', domain: ['closed.test'], windows, zone: 'UTC' },
    ],
  });
  const sluice = await startSluice(ground, { config: config([farWindow]) });
  const handIn = async (from: string, ...to: readonly string[]): Promise<void> => {
    assert.match((await send(sluice.port, { from, to, content })).at(-1) ?? '', /^250/u);
  };
  await handIn('a@from.test', 'x@list.test', 'x@curve.test', 'x@usual.test', 'x@closed.test');
  await handIn('a@news.test', 'x@tenant.test');
  // The lifetime of the tenant.
  const [ended] = await sluice.logged(({ event, to }) => event === 'bounced' && to === 'x@tenant.test');
  assert.equal(ended?.['expired'], true);
  const deferred = (to: string) =>
    sluice.events().filter((line) => line.event === 'deferred' && line['to'] === to);
  /** That the first failed attempts are followed by others after these seconds. Lines may be written late, so both bounds are about plans. */
  const follow = (to: string, seconds: readonly number[]): void => {
    for (const [index, each] of seconds.entries()) {
      const [line, before] = [deferred(to)[index], deferred(to)[index - 1]];
      const plannedMs = Date.parse(String(line?.['nextAttempt']));
      const waitMs = plannedMs - Date.parse(String(line?.['time']));
      assert.ok(waitMs <= each * 1000 + roundedMs, `${to} waits for ${waitMs} ms after attempt ${index + 1}`);
      const sinceMs = plannedMs - Date.parse(String(before?.['nextAttempt'] ?? line?.['time']));
      const least = before === undefined ? each : each * 1000 - roundedMs;
      assert.ok(sinceMs >= least, `${to}: ${sinceMs} ms between the plans ${index} and ${index + 1}`);
    }
  };
  await until('the others were tried, too', () =>
    [
      ['x@list.test', 3],
      ['x@curve.test', 3],
      ['x@usual.test', 1],
    ].every(([to, count]) => deferred(String(to)).length >= Number(count)),
  );
  follow('x@list.test', [1, 2, 2]);
  follow('x@curve.test', [1, 2, 4]);
  follow('x@usual.test', [3600]);
  assert.equal(deferred('x@usual.test').length, 1);

  assert.equal(deferred('x@closed.test').length, 0);
  const [shown, explained] = await Promise.all([
    sluice.cli('queue', 'list', '--domain', 'closed.test'),
    sluice.cli('explain', 'x@closed.test'),
  ]);
  assert.match(shown, /window opens at .* 10:00 \(UTC\), by the schedule far/u);
  assert.match(
    explained,
    new RegExp(`Schedule +windows ${farWindow} \\(UTC\\) \\(far, .*sluice\\.toml:\\d+\\)`, 'u'),
  );
  sluice.configure(config('always'));
  await sluice.cli('reload');
  await until('the window is open', () =>
    mx.messages.some(({ recipients }) => recipients.includes('x@closed.test')),
  );
});
