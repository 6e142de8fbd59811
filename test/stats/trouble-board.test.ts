// Troubles of all processes as one list.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TroubleBoard } from '../../src/stats/trouble-board.ts';
import type { Trouble } from '../../src/stats/troubles.ts';

const disk: Trouble = { key: 'disk', level: 'critical', text: 'full', advice: 'Make room.', sinceMs: 50 };
const dns: Trouble = { key: 'dns', level: 'warning', text: 'silent', advice: 'Look.', sinceMs: 10 };

test('the list has the critical troubles first, and what several processes say is one of them', () => {
  const board = new TroubleBoard();
  board.set('manager', [dns]);
  board.set('receiver 1', [disk]);
  board.set('receiver 2', [{ ...disk, sinceMs: 40 }]);
  assert.deepEqual(board.list, [
    { ...disk, sinceMs: 40, processes: ['receiver 1', 'receiver 2'] },
    { ...dns, processes: ['manager'] },
  ]);
});

test('what a process says replaces what it said before', () => {
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
