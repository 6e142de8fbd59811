// Users of the system as recipients: who is no user is known only by a file of the user alias.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { askedRecipient } from '../../../src/policy/recipients/recipient-source.ts';
import { SystemSource } from '../../../src/policy/recipients/system-source.ts';
import { usualWay } from '../../local/ground.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

test('mail for no user is accepted only where the user alias has a file for it, and never for a path', async (t) => {
  const { path: home } = temporaryFolder(t, 'alias');
  const user = { kind: 'user', name: 'alias', uid: 5000, gid: 5000, home } as const;
  const source = new SystemSource(usualWay, async (name) =>
    name === 'alias' || name === 'joe' ? user : { kind: 'absent' },
  );
  const of = async (localPart: string): Promise<string> =>
    (await source.find(askedRecipient(`${localPart}@here.test`, 'here.test'))).kind;
  assert.equal(await of('joe'), 'exists');
  assert.equal(await of('info'), 'unknown');
  writeFileSync(join(home, '.qmail-info'), '');
  writeFileSync(join(home, '.qmail-shop-default'), '');
  assert.equal(await of('Info'), 'exists');
  assert.equal(await of('shop-x'), 'exists');
  assert.equal(await of('other'), 'unknown');
  writeFileSync(join(home, '.qmail-default'), '');
  assert.equal(await of('other'), 'exists');
  for (const path of ['".."', '"../bob"', '"a/b"', '"/etc/passwd"']) assert.equal(await of(path), 'unknown');
});
