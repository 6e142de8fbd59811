// Who may read and write what belongs to Sluice, as `sluice doctor` judges it, and as it finds it.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RightsFacts, rightsFindings } from '../../../src/cli/doctor/rights.ts';
import { codes, examined, ground } from './ground.ts';

const good: RightsFacts = {
  places: [],
  secrets: [],
  keys: [],
  modes: [
    { kind: 'spool', path: '/s', mode: 0o770 },
    { kind: 'configuration', path: '/c', mode: 0o644 },
    { kind: 'control socket', path: '/x', mode: 0o660 },
  ],
  unseen: [],
};
const problem = [{ key: 'spool', message: '/s cannot be written' }];

const cases: readonly (readonly [name: string, change: Partial<RightsFacts>, codes: readonly string[]])[] = [
  ['all is closed', {}, []],
  ['a place that cannot be made', { places: problem }, ['rights-place']],
  ['a secret that is missing', { secrets: problem }, ['rights-secret']],
  ['a key that cannot be used', { keys: problem }, ['rights-signing-key']],
  ['an open spool', { modes: [{ kind: 'spool', path: '/s', mode: 0o755 }] }, ['rights-spool']],
  [
    'an open configuration',
    { modes: [{ kind: 'configuration', path: '/c', mode: 0o666 }] },
    ['rights-config'],
  ],
  [
    'an open control socket',
    { modes: [{ kind: 'control socket', path: '/x', mode: 0o666 }] },
    ['rights-control'],
  ],
  ['what this user may not see', { unseen: ['/s'] }, ['not-seen']],
];
for (const [name, change, expected] of cases) {
  test(name, () => {
    assert.deepEqual(
      rightsFindings({ ...good, ...change }).map(({ code }) => code),
      expected,
    );
  });
}

test('open files and keys are found where they are', async (t) => {
  const { config, folder, spool } = ground(
    t,
    '[[credential]]\nname = "c"\nuser = "u"\npassword_file = "secret"\n[[signing_key]]\ndomain = ["example.com"]\nfile = "dkim.pem"\n',
  );
  writeFileSync(join(folder, 'secret'), 'x\n', { mode: 0o600 });
  chmodSync(join(folder, 'secret'), 0o644);
  chmodSync(spool, 0o755);
  chmodSync(config, 0o666);
  mkdirSync(join(folder, 'control.sock'));
  assert.deepEqual(codes(await examined(config, ['rights'])).toSorted(), [
    'rights-config',
    'rights-place',
    'rights-secret',
    'rights-signing-key',
    'rights-spool',
  ]);
});
