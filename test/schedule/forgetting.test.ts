// The scheduler's memory of places is bounded. Unused rows are forgotten first, and the rows of sites that had trouble, which
// keep Sluice from repeating it, last.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressStore } from '../../src/schedule/store/addresses.ts';
import { CounterStore } from '../../src/schedule/store/counters.ts';
import { WindowStore } from '../../src/schedule/store/windows.ts';

const nowMs = 1_000;
const settings = { enabled: true, startConnections: 5 };

test('of very many windows, unused ones are forgotten; windows with trouble and windows in use stay', () => {
  const counters = new CounterStore();
  const windows = new WindowStore(counters);
  for (let n = 0; n < 30_000; n++) {
    const window = windows.open('', `mx:mx${n}.test:25`, settings, nowMs);
    windows.greeted(window);
    if (n % 100 === 7) windows.troubled(window, nowMs, 60_000, '421 too many', nowMs);
    if (n === 11) counters.used.set(window, 1);
    counters.sweep();
  }
  assert.ok(windows.live <= 11_000, `${windows.live} windows`);
  assert.ok(counters.live <= 11_000, `${counters.live} counters`);
  for (const n of [7, 11, 2_907, 29_999])
    assert.ok(windows.counterOf('', `mx:mx${n}.test:25`) >= 0, String(n));
  assert.equal(windows.counterOf('', 'mx:mx0.test:25'), -1);
  assert.equal(windows.statusOf('', 'mx:mx7.test:25', settings).state, 'slowed');
});

test('the number of windows with trouble is bounded, too', () => {
  const counters = new CounterStore();
  const windows = new WindowStore(counters);
  for (let n = 0; n < 130_000; n++) {
    const window = windows.open('', `mx:mx${n}.test:25`, settings, nowMs);
    windows.paused(window, 60_000, '421 later', nowMs);
    counters.sweep();
  }
  assert.ok(windows.live <= 101_000, `${windows.live} windows`);
});

test('of very many failing addresses, those that no mail tries are forgotten', () => {
  const counters = new CounterStore();
  const addresses = new AddressStore(counters);
  for (let n = 0; n < 130_000; n++) {
    const address = addresses.open(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}:25`);
    addresses.rest(address, nowMs, 60_000, 'connection refused');
    if (n === 5) addresses.connections.set(address, 1);
    counters.sweep();
  }
  assert.ok(addresses.live <= 101_000, `${addresses.live} addresses`);
  assert.ok(addresses.find('10.0.0.5:25') >= 0);
  assert.equal(addresses.find('10.0.0.6:25'), -1);
});
