// When the control process reports that the supervisor is silent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SupervisorWatch } from '../../src/process/watch/supervisor-watch.ts';

function watch() {
  const lines: string[] = [];
  const log = { error: (text: string) => lines.push(text), info: (text: string) => lines.push(text) };
  return { watched: new SupervisorWatch(log as never, 71), lines };
}

function look(watched: SupervisorWatch, times: number): void {
  for (let time = 0; time < times; time++) watched.look();
}

test('a supervisor that pings is not reported', () => {
  const { watched, lines } = watch();
  for (let time = 0; time < 100; time++) {
    watched.look();
    watched.heard();
  }
  assert.deepEqual([watched.troubles, lines], [[], []]);
});

test('after five beats without a ping the silent supervisor is reported, once, until its next message', () => {
  const { watched, lines } = watch();
  look(watched, 5);
  assert.equal(watched.troubles.length, 0);
  look(watched, 20);
  const [trouble] = watched.troubles;
  assert.equal(trouble?.key, 'role:supervisor');
  assert.equal(trouble.level, 'critical');
  assert.match(trouble.advice, /kill -CONT 71 /u);
  watched.heard();
  assert.equal(watched.troubles.length, 0);
  assert.deepEqual(lines, [
    'the supervisor process (71) gives no sign of life',
    'the supervisor process (71) goes on',
  ]);
});
