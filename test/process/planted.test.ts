// What a role that was taken over may have left for the next start by root: nothing is followed, nothing of others is given away, and
// the start goes on.

import assert from 'node:assert/strict';
import {
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { ownPlaces } from '../../src/process/privileges/own-places.ts';
import { roleUsers, type RoleUsers } from '../../src/process/privileges/role-users.ts';
import { endLeftOvers } from '../../src/process/running/life-sign.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { writerDefaults } from '../spool/support.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { keptLog } from './quiet-log.ts';

const stranger = 54_321;

/** A spool that belongs to the users of its roles. */
async function ground(t: TestContext) {
  const { path, atEnd } = temporaryFolder(t, 'planted');
  const spool = join(path, 'spool');
  const config = parseConfig(
    'hostname = "a.test"\nuser = "nobody"\nspool = "spool"\ncontrol_socket = "sockets/control.sock"\n[users]\nreceiver = "daemon"\n',
    join(path, 'sluice.toml'),
  );
  const users = roleUsers(config, 0);
  assert.ok(users !== undefined);
  const writer = await openSpoolWriter({ ...writerDefaults, directory: spool });
  await writer.close();
  const log = keptLog();
  const own = () => ownPlaces(config, users, log);
  await own();
  assert.deepEqual(log.lines, []);
  return { path, spool, users, log, own, atEnd };
}

const manager = ({ of }: RoleUsers) => of.manager.uid;
const receiver = ({ of }: RoleUsers) => of.receiver.uid;

suite('things that a role has planted', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  test('files behind a folder that is a link stay whose they are', async (t) => {
    const { path, spool, users, own } = await ground(t);
    const secrets = join(path, 'secrets');
    mkdirSync(secrets);
    writeFileSync(join(secrets, 'shadow'), '', { mode: 0o600 });
    for (const folder of ['large', 'damaged'] as const) {
      renameSync(join(spool, folder), join(spool, `${folder}.real`));
      symlinkSync(secrets, join(spool, folder));
      await assert.rejects(own(), { code: 'SPOOL_OWNER', message: /it is a link/u });
      const { uid, mode } = statSync(join(secrets, 'shadow'));
      assert.deepEqual([uid, mode & 0o777], [0, 0o600]);
      unlinkSync(join(spool, folder));
      renameSync(join(spool, `${folder}.real`), join(spool, folder));
    }
    await own();
    assert.equal(statSync(spool).uid, manager(users));
  });

  test('a file with a second name, and one of somebody else, are named and left, and a receiver has its own', async (t) => {
    const { path, spool, users, log, own } = await ground(t);
    const segments = join(spool, 'segments');
    const elsewhere = join(path, 'elsewhere');
    writeFileSync(elsewhere, '', { mode: 0o600 });
    linkSync(elsewhere, join(segments, 'linked'));
    writeFileSync(join(segments, 'moved'), '', { mode: 0o600 });
    chownSync(join(segments, 'moved'), stranger, stranger);
    writeFileSync(join(segments, 'closed'), '', { mode: 0o000 });
    chownSync(join(segments, 'closed'), receiver(users), users.gid);
    symlinkSync(elsewhere, join(segments, 'link'));
    await own();
    assert.deepEqual([statSync(elsewhere).uid, statSync(elsewhere).mode & 0o777], [0, 0o600]);
    assert.equal(statSync(join(segments, 'moved')).uid, stranger);
    const closed = statSync(join(segments, 'closed'));
    assert.deepEqual([closed.uid, closed.gid, closed.mode & 0o777], [receiver(users), users.gid, 0o640]);
    const said = log.lines.toSorted();
    assert.equal(said.length, 2);
    assert.ok(said.some((each) => each.includes(join(segments, 'linked')) && each.includes('hard link')));
    assert.ok(said.some((each) => each.includes(join(segments, 'moved')) && each.includes(String(stranger))));
  });

  test('mail of users of an earlier configuration is taken over', async (t) => {
    const { spool, users, log, own } = await ground(t);
    const file = join(spool, 'segments', 'earlier');
    writeFileSync(file, '', { mode: 0o640 });
    chownSync(file, stranger, users.gid);
    await own();
    assert.equal(statSync(file).uid, manager(users));
    assert.deepEqual(log.lines, []);
  });

  test('what is no socket is moved out of the place of one, if a role has left it there', async (t) => {
    const { path, users, log, own } = await ground(t);
    const socket = join(path, 'sockets', 'control.sock');
    mkdirSync(join(path, 'sockets'));
    writeFileSync(socket, 'of somebody else');
    await own();
    assert.ok(lstatSync(socket).isFile());
    chownSync(socket, receiver(users), users.gid);
    await own();
    assert.equal(lstatSync(socket, { throwIfNoEntry: false }), undefined);
    assert.match(log.lines[0] ?? '', /something else was there: it is .*control\.sock\.aside-\d+ now$/u);
  });
});

test('a link to the socket of another program is no sign of a process', async (t) => {
  const { path, atEnd } = temporaryFolder(t, 'signs');
  const run = join(path, 'spool', 'run');
  mkdirSync(run, { recursive: true });
  const other = createServer((socket) => socket.on('error', () => undefined));
  let connections = 0;
  other.on('connection', () => connections++);
  other.listen(join(path, 'other.sock'));
  await once(other, 'listening');
  atEnd(() => void other.close());
  const sign = join(run, 'receiver-4242.sock');
  symlinkSync(join(path, 'other.sock'), sign);
  const log = keptLog();
  await endLeftOvers(join(path, 'spool'), log);
  assert.equal(connections, 0);
  assert.equal(lstatSync(sign, { throwIfNoEntry: false }), undefined);
  assert.match(log.lines[0] ?? '', /receiver-4242\.sock is no socket/u);
});
