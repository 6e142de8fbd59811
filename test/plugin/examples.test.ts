// The plugins in examples/plugins: their own tests pass, and each has one.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exampleNames } from '../../src/cli/plugin/examples.ts';
import { sluice } from '../cli/run.ts';

const folder = join(import.meta.dirname, '../../examples/plugins');
const files = readdirSync(folder).toSorted();

test('the examples that can be copied are those that there are, each with its test', () => {
  assert.deepEqual(files, exampleNames.flatMap((name) => [`${name}.test.ts`, `${name}.ts`]).toSorted());
});

test('their tests pass, by the command that authors use', async () => {
  const { code, stdout, stderr } = await sluice(['plugin', 'test', folder]);
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.match(stdout, /^ℹ pass [1-9]\d+$/mu);
  assert.match(stdout, /^ℹ fail 0$/mu);
});
