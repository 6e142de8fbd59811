// Troubles of all processes as one list.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TroubleBoard } from '../../src/stats/trouble-board.ts';
import type { Trouble } from '../../src/stats/troubles.ts';

const disk: Trouble = { key: 'disk', level: 'critical', text: 'full', advice: 'Make room.', sinceMs: 50 };
const dns: Trouble = { key: 'dns', level: 'warning', text: 'silent', advice: 'Look.', sinceMs: 10 };

test('the list has critical troubles first, and merges those that several processes report alike', () => {
  const board = new TroubleBoard();
  board.set('manager', [dns]);
  board.set('receiver 1', [disk]);
  board.set('receiver 2', [{ ...disk, sinceMs: 40 }]);
  assert.deepEqual(board.list, [
    { ...disk, sinceMs: 40, processes: ['receiver 1', 'receiver 2'] },
    { ...dns, processes: ['manager'] },
  ]);
});

test('the troubles of a process replace its earlier ones', () => {
  const board = new TroubleBoard();
  board.set('manager', [dns]);
  board.set('manager', [disk]);
  assert.deepEqual(
    board.list.map(({ key }) => key),
    ['disk'],
  );
  board.set('manager', []);
  assert.deepEqual(board.list, []);
});
