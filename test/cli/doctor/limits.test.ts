// Limits that can never bind, or always do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../../src/cli/doctor/limits.ts';
import type { Patient } from '../../../src/cli/doctor/check.ts';
import { parseConfig } from '../../../src/config/config.ts';

const cases: readonly (readonly [name: string, text: string, codes: readonly string[]])[] = [
  ['the defaults', '', []],
  ['one client can have all connections', '[receive]\nmax_connections = 100\n', ['limits-client']],
  [
    'a limit that holds all mail',
    '[[limit]]\nper = "domain"\ndomain = ["a.example"]\nconnections = 0\n',
    ['limits-closed'],
  ],
  [
    'fewer connections than senders',
    '[processes]\nsenders = 4\n[deliver]\nmax_connections = 3\n',
    ['limits-senders'],
  ],
  [
    'a limit above all connections',
    '[deliver]\nmax_connections = 10\n[[limit]]\nper = "domain"\nconnections = 20\n',
    ['limits-doubtful'],
  ],
];
for (const [name, text, expected] of cases) {
  test(name, async () => {
    const config = parseConfig(text, '/x/sluice.toml');
    const found = await limits.look({ config } as Patient);
    assert.deepEqual(
      found.map(({ code }) => code),
      expected,
    );
  });
}
