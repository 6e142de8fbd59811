// The runtime, as `sluice doctor` judges it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEnvironment, type RuntimeFacts, runtimeFindings } from '../../../src/cli/doctor/runtime.ts';

const good: RuntimeFacts = { node: '26.10.0', tested: '26.10.0', running: [], hasProc: true };
const running = (...variables: string[]): Partial<RuntimeFacts> => ({
  running: [
    {
      pid: 7,
      isReplaced: false,
      environment: parseEnvironment(variables.map((each) => `${each}\0`).join('')),
    },
  ],
});

const hidden: Partial<RuntimeFacts> = { running: [{ pid: 7, isReplaced: false, environment: undefined }] };

const cases: readonly (readonly [name: string, change: Partial<RuntimeFacts>, codes: readonly string[]])[] = [
  ['the tested one', {}, []],
  ['a later one', { node: '27.0.1' }, []],
  ['an older one, compared by numbers', { node: '26.9.3' }, ['runtime-old']],
  ['no tested one is known', { node: '26.0.0', tested: undefined }, []],
  [
    'a replaced program',
    { running: [{ pid: 7, isReplaced: true, environment: parseEnvironment('') }] },
    ['runtime-replaced'],
  ],
  ['an environment without anything special', running('PATH=/bin', 'UV_THREADPOOL_SIZE=16'), []],
  ['an environment of another user', hidden, ['not-seen']],
  ['a system without /proc', { ...hidden, hasProc: false }, ['runtime-no-proc']],
  ['too few threads', running('OLD_UV_THREADPOOL_SIZE=9', 'UV_THREADPOOL_SIZE=1'), ['runtime-threads']],
  [
    'an open debugger',
    running('NODE_OPTIONS=--max-old-space-size=99 --inspect=0.0.0.0'),
    ['runtime-inspect'],
  ],
];
for (const [name, change, expected] of cases) {
  test(name, () => {
    assert.deepEqual(
      runtimeFindings({ ...good, ...change }).map(({ code }) => code),
      expected,
    );
  });
}
