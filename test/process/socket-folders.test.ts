// Folders in which the roles of other users have to make their sockets, as `sluice check` looks at them.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import type { Identity } from '../../src/process/privileges/identity.ts';
import { socketFolderProblem } from '../../src/process/privileges/own-places.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const nobody: Identity = { user: 'nobody', uid: 54_321, gid: 54_321, groups: [54_321] };
const users = {
  gid: nobody.gid,
  writersGid: nobody.gid,
  of: { manager: nobody, receiver: nobody, sender: nobody, keys: nobody, control: nobody, pop3: nobody },
};

test('a folder with things of others in it, in which the role may not write, is told; nothing is changed', (t) => {
  const { path: folder } = temporaryFolder(t, 'sockets');
  const sockets = join(folder, 'run');
  const config = parseConfig(
    'control_socket = "run/control.sock"\nspool = "spool"\n',
    join(folder, 'sluice.toml'),
  );
  assert.equal(socketFolderProblem(config, users), undefined); // a start makes it
  mkdirSync(sockets, { mode: 0o755 });
  writeFileSync(join(sockets, 'theirs'), '');
  const problem = socketFolderProblem(config, users);
  assert.equal(problem?.code, 'SOCKET_FOLDER');
  assert.match(problem.message, /run for sockets: the user "nobody" may not make files there/u);
  assert.match(problem.advice, /chgrp 54321 /u);
  assert.deepEqual(readdirSync(folder), ['run']);
  chmodSync(sockets, 0o1777);
  assert.equal(socketFolderProblem(config, users), undefined);
});
