// Effects are carried out once each, in their order; effects that are caused meanwhile come after them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive } from '../../src/schedule/drive.ts';
import type { ConnectionHandle, Effect, MessageHandle } from '../../src/schedule/types.ts';
import { ignored } from './table.ts';

const resolve: Effect = { kind: 'resolve', route: 'r', key: 'mx:r' };
const done: Effect = { kind: 'done', message: 1 as MessageHandle };
const close: Effect = { kind: 'close', connection: 2 as ConnectionHandle };

test('effects that a handler causes are carried out in the same run, after the earlier ones', () => {
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

test('a watcher is told each effect before it is carried out', () => {
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
