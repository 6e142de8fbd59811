// What `sluice check` says of sources that the user of the keys process may not open.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { closedTo } from '../../src/cli/directory-problems.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('a source is closed to a user by its own mode, or by that of a folder above it', async (t) => {
  const folder = temporaryFolder(t, 'closed');
  chmodSync(folder.path, 0o755);
  mkdirSync(join(folder.path, 'in'));
  const path = join(folder.path, 'in', 'users.jsonl');
  const link = join(folder.path, 'link.jsonl');
  writeFileSync(path, '');
  symlinkSync(path, link);
  const { uid, gid } = statSync(path);
  const owner = { user: 'owner', uid, gid, groups: [gid] };
  const member = { user: 'member', uid: uid + 1, gid, groups: [gid + 1, gid] };
  const stranger = { user: 'stranger', uid: uid + 1, gid: gid + 1, groups: [gid + 1] };
  const closed = async (...modes: readonly [folder: number, file: number]) => {
    chmodSync(join(folder.path, 'in'), modes[0]);
    chmodSync(path, modes[1]);
    const users = [owner, member, stranger].map(async (reader) => {
      const problems = await closedTo(reader, { kind: 'users', name: 'staff', path: link, domains: [] });
      return problems.map((problem) => `${reader.user}: ${problem}`);
    });
    return (await Promise.all(users)).flat().map((text) => text.replace(/:.*may not/u, ' may not'));
  };
  const says = (name: string) =>
    `${name} may not read it: change its group or mode, or those of the folders above it`;
  const ownerIsRoot = uid === 0;
  assert.deepEqual(await closed(0o755, 0o644), []);
  assert.deepEqual(await closed(0o755, 0o640), [says('stranger')]);
  assert.deepEqual(await closed(0o750, 0o644), [says('stranger')]);
  assert.deepEqual(await closed(0o700, 0o640), [says('member'), says('stranger')]);
  // The owner has the rights of the owner alone, even if others have more.
  assert.deepEqual(await closed(0o755, 0o244), ownerIsRoot ? [] : [says('owner')]);
});
