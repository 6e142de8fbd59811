// The plugins in examples/plugins: their own tests pass, each has one, and an administrator finds in each how it is configured.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exampleNames } from '../../src/cli/plugin/examples.ts';
import { parseConfig } from '../../src/config/config.ts';
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

for (const name of exampleNames) {
  test(`the configuration at the head of ${name}.ts is valid`, () => {
    const text = readFileSync(join(folder, `${name}.ts`), 'utf8');
    const [head = ''] = text.split(/^import /mu);
    const lines = head.split('\n').map((line) => line.replace(/^\/\/ ?/u, ''));
    const config = lines.filter((line) => line.startsWith('  ')).join('\n');
    assert.match(config, /^ {2}kind = "plugin"$/mu);
    assert.ok(config.includes(`file = "/etc/sluice/plugins/${name}.ts"`));
    parseConfig(config, join(folder, 'sluice.toml'));
  });
}
