// A program of its own: runs files of tests, and prints what came of them. The exit code is 1 when a test fails, or when there is none.
// `sluice plugin test` starts it, without a network.

import { once } from 'node:events';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

// Not a process for each file: when one of them loops, Node's runner cannot end it.
const results = run({ files: process.argv.slice(2), isolation: 'none' });
let passes = 0;
let failures = 0;
results.on('test:pass', () => passes++);
results.on('test:fail', () => failures++);
results.compose(spec).pipe(process.stdout);
await once(results, 'end');
if (failures > 0 || passes === 0) process.exitCode = 1;
