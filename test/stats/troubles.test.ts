// Troubles of one process: when they begin, change and end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Trouble, Troubles } from '../../src/stats/troubles.ts';

test('a trouble lasts from when it was first raised until it is cleared', () => {
  let nowMs = 1_000;
  const heard: (readonly Trouble[])[] = [];
  const troubles = new Troubles(() => nowMs);
  troubles.onChanged((list) => heard.push(list));

  troubles.raise('disk', 'warning', 'The disk is almost full.', 'Make room.');
  nowMs = 2_000;
  troubles.raise('dns', 'warning', 'No name server answers.', 'Look at [dns] servers.');
  troubles.raise('disk', 'critical', 'The disk is full.', 'Make room.');
  troubles.raise('disk', 'critical', 'The disk is full.', 'Make room.');
  troubles.clear('dns');
  troubles.clear('dns');

  assert.deepEqual(troubles.list, [
    { key: 'disk', level: 'critical', text: 'The disk is full.', advice: 'Make room.', sinceMs: 1_000 },
  ]);
  assert.deepEqual(
    heard.map((list) => list.map(({ key, level }) => `${key} ${level}`)),
    [['disk warning'], ['disk warning', 'dns warning'], ['disk critical', 'dns warning'], ['disk critical']],
  );
});
