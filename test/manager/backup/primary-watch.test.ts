// Primary servers that are down are looked after, and their mail goes when they are back, on virtual time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DownSite, PrimaryWatch } from '../../../src/manager/backup/primary-watch.ts';
import { nodeTimers } from '../../../src/io/timers.ts';

function watchOf(probeMs = 60_000) {
  const probed: string[] = [];
  const back: string[] = [];
  const answering = new Set<string>();
  const gone = new Set<string>();
  const state = { changes: 0 };
  const watch = new PrimaryWatch({
    timers: nodeTimers,
    probeMsOf: () => probeMs,
    probe: ({ site }: DownSite) => {
      probed.push(site);
      return Promise.resolve(answering.has(site));
    },
    isBack: ({ domain, site }) => back.push(`${domain} ${site}`),
    concerns:
      () =>
      ({ site }) =>
        !gone.has(site),
    changed: () => void state.changes++,
  });
  return { watch, probed, back, answering, gone, state };
}

const facts = { site: 'mx:a', domain: 'far.test', key: 'mx:far.test' };

/** Lets promises that are due go on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

test('a site that failed is probed at its times, until it answers', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { watch, probed, back, answering } = watchOf();
  watch.opened(1, facts);
  watch.closed(1, true);
  watch.failed(facts);
  assert.equal(watch.down.length, 1);
  t.mock.timers.tick(59_999);
  assert.deepEqual(probed, []);
  t.mock.timers.tick(1);
  await settled();
  t.mock.timers.tick(60_000);
  await settled();
  assert.deepEqual(probed, ['mx:a', 'mx:a']);
  answering.add('mx:a');
  t.mock.timers.tick(60_000);
  await settled();
  assert.deepEqual(back, ['far.test mx:a']);
  assert.deepEqual(watch.down, []);
  t.mock.timers.tick(600_000);
  await settled();
  assert.equal(probed.length, 3, 'nothing is probed when nothing is down');
});

test('a connection that is ready says more than a probe', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { watch, back } = watchOf();
  watch.failed(facts);
  watch.opened(2, { ...facts, domain: 'other.test' });
  watch.ready(2);
  assert.deepEqual(back, ['far.test mx:a']);
  watch.closed(2, false);
  assert.deepEqual(watch.down, []);
});

test('connections that end in order, and those of other mail, make no site down', () => {
  const { watch } = watchOf();
  watch.opened(1, facts);
  watch.ready(1);
  watch.closed(1, false);
  watch.closed(7, true);
  assert.deepEqual(watch.down, []);
});

test('without a time, nothing is probed, and ready connections still count', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { watch, probed, back } = watchOf(0);
  watch.failed(facts);
  t.mock.timers.tick(86_400_000);
  assert.deepEqual(probed, []);
  watch.opened(1, facts);
  watch.ready(1);
  assert.deepEqual(back, ['far.test mx:a']);
});

test('at most eight sites are probed at one time', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const open: ((answers: boolean) => void)[] = [];
  const watch = new PrimaryWatch({
    timers: nodeTimers,
    probeMsOf: () => 1000,
    probe: () => new Promise((resolve) => open.push(resolve)),
    isBack: () => undefined,
    concerns: () => () => true,
    changed: () => undefined,
  });
  for (let at = 0; at < 20; at++) watch.failed({ ...facts, site: `mx:${at}` });
  t.mock.timers.tick(1000);
  assert.equal(open.length, 8);
  open[0]?.(true);
  await settled();
  assert.equal(open.length, 9);
  assert.equal(watch.down.length, 19);
  watch.stop();
  for (const resolve of open) resolve(false);
  await settled();
  assert.deepEqual(watch.down, []);
});

test('a site for which no mail waits any more is forgotten, and not probed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const probeMs of [0, 90_000]) {
    const { gone, probed, state, watch } = watchOf(probeMs);
    watch.failed(facts);
    watch.failed({ ...facts, site: 'mx:b' });
    gone.add('mx:a');
    t.mock.timers.tick(60_000);
    assert.deepEqual(
      watch.down.map(({ site }) => site),
      ['mx:b'],
    );
    assert.equal(state.changes, 1);
    t.mock.timers.tick(30_000);
    await settled();
    assert.deepEqual(probed, probeMs === 0 ? [] : ['mx:b']);
    gone.add('mx:b');
    t.mock.timers.tick(30_000);
    assert.deepEqual(watch.down, []);
    t.mock.timers.tick(600_000);
    assert.equal(state.changes, 2, 'nothing is looked at when nothing is down');
    watch.stop();
  }
});

test('another configuration ends the care for what it does not concern at once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { gone, watch } = watchOf();
  watch.failed(facts);
  gone.add('mx:a');
  watch.configured();
  assert.deepEqual(watch.down, []);
});

test('what the last attempt met counts: silence, or a server with our name', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { watch } = watchOf();
  watch.opened(1, facts);
  watch.closed(1, true, true);
  assert.equal(watch.down[0]?.isOurs, true);
  watch.opened(2, facts);
  watch.closed(2, true);
  assert.equal(watch.down[0]?.isOurs, false);
});
