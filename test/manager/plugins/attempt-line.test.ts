// The line of attempts that a plugin has not heard of yet: bounded, in batches of 200, one at a time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, VirtualTimers } from '../../../sim/virtual-timers.ts';
import { AttemptLine } from '../../../src/manager/plugins/attempt-line.ts';
import type { AttemptFacts } from '../../../src/plugin/delivery-types.ts';
import { ModelPlugin } from './model-plugin.ts';

test('more than 10,000 are counted as lost while the plugin is slow, and the rest is told in order', async () => {
  const plugin = new ModelPlugin('hook');
  const gate = Promise.withResolvers<void>();
  const told: string[] = [];
  const sizes: number[] = [];
  plugin.hear = async (batch) => {
    await gate.promise;
    sizes.push(batch.length);
    told.push(...batch.map(({ queueId }) => queueId));
    return batch.map(() => ({ value: undefined }));
  };
  let lost = 0;
  const line = new AttemptLine(plugin, {
    timers: new VirtualTimers(),
    lost: (_, __, times) => (lost += times),
  });
  const tell = (queueId: string): void => {
    if (line.takes()) line.tell(() => ({ queueId }) as AttemptFacts);
  };
  for (let count = 0; count < 300; count++) tell(`a${count}`);
  await settled();
  for (let count = 0; count < 10_000; count++) tell(`b${count}`);
  assert.equal(lost, 100);
  gate.resolve();
  await settled();
  assert.equal(told.length, 10_200);
  assert.deepEqual(told.slice(0, 301).at(-1), 'b0');
  assert.equal(told.at(-1), 'b9899');
  assert.ok(sizes.every((size) => size <= 200));
  line.close();
  tell('after');
  await settled();
  assert.equal(told.length, 10_200);
});
