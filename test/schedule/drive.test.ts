// Effects are carried out in their order, those that come while they are carried out after the others, and none twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive } from '../../src/schedule/drive.ts';
import type { ConnectionHandle, Effect, MessageHandle } from '../../src/schedule/types.ts';
import { ignored } from './table.ts';

const resolve: Effect = { kind: 'resolve', route: 'r', key: 'mx:r' };
const done: Effect = { kind: 'done', message: 1 as MessageHandle };
const close: Effect = { kind: 'close', connection: 2 as ConnectionHandle };

test('what an answer causes is carried out in the same run, after what was there before', () => {
  const effects: Effect[] = [resolve, done];
  const seen: string[] = [];
  drive(
    { effects },
    {
      ...ignored,
      resolve: ({ key }) => {
        seen.push(key);
        effects.push(close);
      },
      done: ({ message }) => void seen.push(`done ${message}`),
      close: ({ connection }) => void seen.push(`close ${connection}`),
    },
  );
  assert.deepEqual(seen, ['mx:r', 'done 1', 'close 2']);
  assert.deepEqual(effects, []);
});

test('who only watches is told each effect before it is carried out', () => {
  const seen: string[] = [];
  drive(
    { effects: [done, close] },
    {
      ...ignored,
      before: ({ kind }) => void seen.push(`before ${kind}`),
      done: () => void seen.push('done'),
      close: () => void seen.push('close'),
    },
  );
  assert.deepEqual(seen, ['before done', 'done', 'before close', 'close']);
});
