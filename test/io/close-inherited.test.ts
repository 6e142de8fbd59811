// Descriptors that a process was given, and does not hand on.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';

const module = new URL('../../src/io/close-inherited.ts', import.meta.url).href;
const bash = '/bin/bash';

/** The descriptors of a program that a process starts which was given 200, which is beyond those that Node closes by itself. */
function ofProgram(before: string): readonly string[] {
  const list = `(await import('node:child_process')).execFileSync('/bin/ls', ['/proc/self/fd'])`;
  const script = `${before}; process.stdout.write(${list})`;
  const start = 'exec 200</dev/null; exec "$0" --input-type=module -e "$1"';
  const printed = execFileSync(bash, ['-c', start, process.execPath, script]);
  return printed.toString().trim().split('\n');
}

test(
  'programs have no descriptors but 0 to 2, whatever this process was started with',
  { skip: existsSync(bash) && existsSync('/proc/self/fdinfo') ? false : 'it needs bash and /proc' },
  () => {
    assert.ok(ofProgram('').includes('200'));
    // The last one is that of the folder which ls reads.
    assert.deepEqual(ofProgram(`(await import('${module}')).closeInherited()`), ['0', '1', '2', '3']);
    assert.ok(ofProgram(`(await import('${module}')).closeInherited([200])`).includes('200'));
  },
);
