// Errors in what a plugin does beside its answers are a trouble, and do not flood the log.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Timer, Timers } from '../../../src/io/timers.ts';
import { nodeTimers } from '../../../src/io/timers.ts';
import { PluginReports } from '../../../src/plugin/host/plugin-reports.ts';
import { Troubles } from '../../../src/stats/troubles.ts';
import { pluginFixture } from './fixture.ts';

/** Reports with a clock that stands still. */
function reports() {
  const lines: string[] = [];
  const add = (line: string): void => void lines.push(line);
  const troubles = new Troubles();
  let nowMs = 0;
  let due: { readonly atMs: number; readonly act: () => void } | undefined;
  const timer = { unref: () => timer } as unknown as Timer;
  const timers: Timers = {
    ...nodeTimers,
    nowMs: () => nowMs,
    setTimeout: (act, ms) => {
      due = { atMs: nowMs + ms, act };
      return timer;
    },
    clear: () => (due = undefined),
  };
  const pass = (ms: number): void => {
    nowMs += ms;
    if (due !== undefined && due.atMs <= nowMs) due.act();
  };
  return {
    lines,
    troubles,
    pass,
    of: new PluginReports({ name: 'x', log: { info: add, error: add }, troubles, timers }),
  };
}

test('one line a minute says how many there were, and the trouble lasts until there was none for a minute', () => {
  const { lines, troubles, pass, of } = reports();
  for (let count = 0; count < 100; count++) {
    of.faulty('it has no bread');
    pass(1_000);
  }
  assert.deepEqual(lines.splice(0), [
    'plugin of stage "x": it has no bread',
    'plugin of stage "x": it has no bread (and 59 more since the last such line)',
  ]);
  assert.deepEqual(
    troubles.list.map(({ key, level, text }) => [key, level, text]),
    [
      [
        'plugin:x in the background',
        'warning',
        'The plugin of the stage "x" fails beside its answers: it has no bread.',
      ],
    ],
  );
  pass(58_999);
  assert.equal(troubles.list.length, 1);
  pass(1);
  assert.deepEqual(troubles.list, []);
  assert.deepEqual(lines, [
    'plugin of stage "x" has not failed beside its answers for a minute (and 39 more since the last such line)',
  ]);
});

test('they take no trouble away, and leave none of a plugin that is not used any more', () => {
  const { troubles, of } = reports();
  of.unusable('it is broken', false, 1_000);
  of.faulty('it has no bread');
  assert.deepEqual(
    troubles.list.map(({ key, level }) => [key, level]),
    [
      ['plugin:x', 'critical'],
      ['plugin:x in the background', 'warning'],
    ],
  );
  of.closed();
  assert.deepEqual(troubles.list, []);
});

test('a timer that throws all the time is one line, and the plugin answers', async (t) => {
  const text = `import { goOn, plugin } from 'sluice/plugin';
let count = 0;
export default plugin(({ every, state }) => {
  every(1, () => { state.set('count', String(++count)); throw new Error('no bread'); });
  return { async mail() { while (count < 50) await new Promise((resolve) => setTimeout(resolve, 1)); return goOn; } };
});`;
  // A minute of this clock is longer than the test.
  const { host, lines, line, troubles } = pluginFixture(t, text, { timers: nodeTimers });
  assert.deepEqual(await host.ask('mail', {}), { kind: 'continue' });
  await line(/one of its timers failed: no bread/u);
  assert.equal(lines.filter((each) => /no bread/u.test(each)).length, 1);
  assert.deepEqual(
    troubles.list.map(({ key }) => key),
    ['plugin:tried in the background'],
  );
});
