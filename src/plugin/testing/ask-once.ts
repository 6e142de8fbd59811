// A program of its own: loads a plugin, asks it once at each of its points with typical facts, and prints its verdicts. The exit code is 1 when
// it cannot be loaded, or when an answer is a failure. `sluice plugin test` starts it, without a network.

import { inspect } from 'node:util';
import { loadPlugin } from '../load-plugin.ts';
import { mistakeText } from '../mistake-text.ts';
import { testPlugin } from './test-plugin.ts';

const [file = '', options = '{}'] = process.argv.slice(2);

try {
  const plugin = await loadPlugin(file);
  const asked = await testPlugin(plugin, { options: JSON.parse(options) as Record<string, unknown> });
  for (const point of asked.points) {
    try {
      const answer = await asked[point]();
      print(point, inspect(answer, { breakLength: Infinity, depth: 5 }));
    } catch (error) {
      print(point, `FAILED: ${mistakeText(error)}`);
      process.exitCode = 1;
    }
  }
  if (asked.points.length === 0) throw new Error('it has no points: it would never be asked');
  for (const line of asked.logged) print('log', line);
  await asked.end();
} catch (error) {
  print('FAILED', mistakeText(error));
  process.exitCode = 1;
}

function print(what: string, text: string): void {
  process.stdout.write(`  ${what.padEnd(10)}${text}\n`);
}
