// Who runs as which user, what is given to whom, and which ports the supervisor binds. What needs other users is in
// test/interop/users.test.ts.

import assert from 'node:assert/strict';
import {
  chmodSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type BoundSocket } from 'node:net';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { userWarnings } from '../../src/cli/user-warnings.ts';
import { hasPass, newPassKey, passOf } from '../../src/channel/pass.ts';
import type { PortAnswer } from '../../src/channel/messages.ts';
import { parseConfig } from '../../src/config/config.ts';
import { identityOf } from '../../src/process/privileges/identity.ts';
import { roleUsers } from '../../src/process/privileges/role-users.ts';
import { checkCode } from '../../src/process/privileges/own-places.ts';
import { ownSpool } from '../../src/process/privileges/own-spool.ts';
import { behindLinkOfRoot, giveFile, giveFolder } from '../../src/process/privileges/safe-owner.ts';
import { answerPort } from '../../src/process/supervise/port-desk.ts';
import type { RoleName } from '../../src/process/role.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const configOf = (text: string) => parseConfig(`hostname = "sluice.test"\n${text}`, 'sluice.toml');
/** A user id that is neither root nor anybody here. */
const stranger = 54_321;
const { username, uid, gid } = userInfo();

suite('the users of roles', () => {
  test('without the key, processes run as the caller, and root is told so', () => {
    assert.equal(roleUsers(configOf(''), 0), undefined);
    assert.deepEqual(userWarnings(configOf(''), stranger), []);
    assert.match(
      userWarnings(configOf(''), 0)[0]?.message ?? '',
      /every process that talks to the network is root/u,
    );
  });

  test('a caller who is not root must be the user', () => {
    const config = configOf(`user = "${username}"\n`);
    if (uid !== 0) assert.equal(roleUsers(config, uid), undefined);
    assert.throws(() => roleUsers(config, stranger), {
      code: 'USER_OTHER',
      advice: /Start it as root, or as that user/u,
    });
  });

  test('an unknown user is named, with what to do', () => {
    const config = configOf('user = "nobody-has-this-name"\n');
    assert.throws(() => roleUsers(config, 0), {
      code: 'USER_UNKNOWN',
      message: /^Looking for the user "nobody-has-this-name" of the configuration: /u,
      advice: /^Make the user \(useradd /u,
    });
    assert.match(userWarnings(config, 0)[0]?.message ?? '', /nobody-has-this-name/u);
  });

  test('root by name is as before, and no user of one kind of process', () => {
    assert.equal(roleUsers(configOf('user = "root"\n'), 0), undefined);
    assert.deepEqual(userWarnings(configOf('user = "root"\n'), 0), []);
    const config = configOf('user = "nobody"\n[users]\nsender = "root"\n');
    assert.throws(() => roleUsers(config, 0), { code: 'USER_ROOT', message: /"root" in \[users\]/u });
  });

  test('all roles have the group of the user first, and the groups of their own users', () => {
    const config = configOf('user = "nobody"\n[users]\nreceiver = "daemon"\n');
    const users = roleUsers(config, 0);
    const [base, own] = [identityOf('nobody'), identityOf('daemon')];
    assert.equal(users?.gid, base.gid);
    assert.equal(users?.writersGid, own.gid);
    assert.deepEqual(users?.of.receiver, { ...own, gid: base.gid, groups: [base.gid, ...own.groups] });
    assert.deepEqual(users?.of.sender, base);
  });

  test('[users] without user, and what cannot be a name, are refused', () => {
    assert.throws(() => configOf('[users]\nsender = "daemon"\n'), /users\.sender: needs user = /u);
    assert.throws(() => configOf('user = "-u"\n'), /"-u" is not the name of a user/u);
  });
});

suite('giving files away', () => {
  const mine = { uid, gid };

  test('changes modes and leaves what is right already', (t) => {
    const { path } = temporaryFolder(t, 'give');
    const file = join(path, 'file');
    writeFileSync(file, '', { mode: 0o600 });
    giveFile(file, { ...mine, mode: 0o640 });
    assert.equal(statSync(file).mode & 0o7777, 0o640);
    giveFolder(path, { ...mine, mode: 0o1770 });
    assert.equal(statSync(path).mode & 0o7777, 0o1770);
  });

  test('a link is followed only if root made it', { skip: uid !== 0 && 'root makes the links' }, (t) => {
    const { path } = temporaryFolder(t, 'give');
    const [real, link] = [join(path, 'real'), join(path, 'link')];
    mkdirSync(real);
    symlinkSync(real, link);
    assert.equal(behindLinkOfRoot(link), real);
    assert.equal(behindLinkOfRoot(real), real);
    lchownSync(link, stranger, gid);
    assert.throws(() => behindLinkOfRoot(link), { code: 'SPOOL_OWNER', message: /another user than root/u });
  });

  test('a program that a user may not reach is told before anything is given to anybody', (t) => {
    const { path } = temporaryFolder(t, 'code');
    const program = join(path, 'program.ts');
    writeFileSync(program, '', { mode: 0o644 });
    const other = { user: 'other', uid: stranger, gid: stranger, groups: [stranger] };
    const of = { manager: other, receiver: other, sender: other, keys: other, control: other, pop3: other };
    const users = { gid: stranger, writersGid: stranger, of };
    chmodSync(path, 0o755);
    checkCode(program, users);
    chmodSync(path, 0o700);
    assert.throws(() => checkCode(program, users), {
      code: 'USER_CODE',
      message: new RegExp(`rights of ${path}`, 'u'),
    });
  });

  test('follows no link, touches no second name of a file, and takes nothing for what it is not', (t) => {
    const { path } = temporaryFolder(t, 'give');
    const [file, folder] = [join(path, 'theirs'), join(path, 'folder')];
    writeFileSync(file, '', { mode: 0o600 });
    mkdirSync(folder, { mode: 0o700 });
    symlinkSync(file, join(path, 'link'));
    symlinkSync(folder, join(path, 'folder-link'));
    linkSync(file, join(path, 'second'));
    const given = { ...mine, mode: 0o666 };
    const refused = (message: RegExp) => ({ code: 'SPOOL_OWNER', message });
    assert.throws(() => giveFile(join(path, 'link'), given), refused(/it is a link/u));
    assert.throws(() => giveFolder(join(path, 'folder-link'), given), { code: 'SPOOL_OWNER' });
    assert.throws(() => giveFile(join(path, 'second'), given), refused(/hard link/u));
    assert.throws(() => giveFile(folder, given), refused(/it is no file/u));
    assert.throws(() => giveFolder(file, given), { code: 'SPOOL_OWNER' });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });
});

suite('a folder that is no spool', () => {
  const ids = { user: 'own', uid, gid, groups: [gid] };
  const of = { manager: ids, receiver: ids, sender: ids, keys: ids, control: ids, pop3: ids };
  const users = { gid, writersGid: gid, of };

  test('is left as it is when others keep something in it', (t) => {
    const { path } = temporaryFolder(t, 'other');
    mkdirSync(join(path, 'mail'), { mode: 0o755 });
    chmodSync(path, 0o755);
    assert.throws(() => ownSpool(path, users), {
      code: 'SPOOL_OTHER',
      message: /has a folder "mail" and is no spool/u,
    });
    assert.equal(statSync(path).mode & 0o777, 0o755);
    assert.equal(statSync(join(path, 'mail')).mode & 0o777, 0o755);
  });

  test('becomes one when it is new, a mount point, or a start that was broken off', (t) => {
    for (const names of [[], ['lost+found'], ['run', 'segments', 'tls', 'crash']]) {
      const { path } = temporaryFolder(t, 'new');
      for (const name of names) mkdirSync(join(path, name));
      assert.deepEqual(ownSpool(path, users), []);
      assert.equal(statSync(path).mode & 0o777, 0o750);
    }
  });

  test(
    'has the certificate of the user who made it, and not one of a role',
    { skip: uid === 0 ? false : 'root alone may give files away' },
    (t) => {
      for (const [maker, owner] of [
        [stranger, 0],
        [stranger + 1, stranger + 1],
      ] as const) {
        const { path } = temporaryFolder(t, 'maker');
        const other = { ...ids, uid: stranger + 1 };
        const roles = { ...users, of: { ...of, manager: other, receiver: other } };
        const file = join(path, 'tls', 'self-signed.pem');
        mkdirSync(join(path, 'tls'), { mode: 0o700 });
        writeFileSync(file, 'key', { mode: 0o600 });
        for (const each of [path, join(path, 'tls'), file]) lchownSync(each, maker, gid);
        ownSpool(path, roles);
        assert.deepEqual([statSync(join(path, 'tls')).uid, statSync(file).uid], [owner, owner]);
      }
    },
  );

  test(
    'what a receiver wrote stays its own, and has no name of the manager',
    { skip: uid === 0 ? false : 'root alone may give files away' },
    (t) => {
      const { path } = temporaryFolder(t, 'planted');
      const receiver = { ...ids, uid: stranger };
      const manager = { ...ids, uid: stranger + 1 };
      const roles = { ...users, of: { ...of, manager, receiver } };
      ownSpool(path, roles);
      const segments = join(path, 'segments');
      // The last digits name the slot: 1 is one of the manager's, 2 is the first receiver's.
      for (const name of ['00000000001', '00000000002']) {
        writeFileSync(join(segments, name), 'x', { mode: 0o644 });
        lchownSync(join(segments, name), stranger, gid);
      }
      const [said] = ownSpool(path, roles);
      assert.match(said ?? '', /00000000001 has a name of the manager's/);
      assert.deepEqual(readdirSync(segments).toSorted(), ['00000000001.aside', '00000000002']);
      assert.equal(statSync(join(segments, '00000000002')).uid, stranger);
    },
  );

  test(
    'has what plugins keep for all roles, whoever has made it, and follows no link there',
    { skip: uid === 0 ? false : 'root alone may give files away' },
    (t) => {
      const { path } = temporaryFolder(t, 'plugins');
      const [receiver, manager] = [
        { ...ids, uid: stranger },
        { ...ids, uid: stranger + 1 },
      ];
      const roles = { ...users, of: { ...of, manager, receiver } };
      ownSpool(path, roles);
      const folder = join(path, 'plugins');
      const made = (name: string, owner: number, mode: number): string => {
        const file = join(folder, name);
        if (name.includes('.')) writeFileSync(file, '', { mode });
        else mkdirSync(file, { mode });
        lchownSync(file, owner, gid);
        return file;
      };
      // As one user for all roles has made them, who is the manager's now.
      const stage = made('greylisting', manager.uid, 0o750);
      const ofManager = made('greylisting/state.sqlite', manager.uid, 0o644);
      const ofReceiver = made('greylisting/own.sqlite', receiver.uid, 0o600);
      const elsewhere = temporaryFolder(t, 'elsewhere').path;
      chmodSync(elsewhere, 0o755);
      symlinkSync(elsewhere, join(folder, 'linked'));
      symlinkSync(join(elsewhere, 'nothing'), join(stage, 'linked.sqlite'));
      assert.deepEqual(ownSpool(path, roles), []);
      const rights = (file: string) => {
        const stats = statSync(file);
        return [stats.uid, stats.gid, (stats.mode & 0o7777).toString(8)];
      };
      assert.deepEqual(rights(folder), [receiver.uid, gid, '2770']);
      assert.deepEqual(rights(stage), [receiver.uid, gid, '2770']);
      assert.deepEqual(rights(ofManager), [manager.uid, gid, '660']);
      assert.deepEqual(rights(ofReceiver), [receiver.uid, gid, '660']);
      assert.deepEqual(rights(elsewhere), [uid, gid, '755']);
    },
  );

  test('is not told from a spool by its folders once it has a format', (t) => {
    const { path } = temporaryFolder(t, 'spool');
    mkdirSync(join(path, 'somebody-made-this'));
    writeFileSync(join(path, 'format'), 'sluice spool 1\n');
    assert.deepEqual(ownSpool(path, users), []);
  });
});

suite('ports that the supervisor binds', () => {
  /** Asks, and returns the answer with its socket. */
  function ask(port: number, configured: readonly number[], role: RoleName = 'receiver', receivers = 1) {
    const listen = configured.map((each) => `[[listen]]\naddress = "127.0.0.1:${each}"\n`).join('');
    const config = configOf(`[processes]\nreceivers = ${receivers}\n${listen}`);
    const answers: { readonly answer: PortAnswer; readonly socket: BoundSocket | undefined }[] = [];
    const asked = { kind: 'askPort', id: 7, host: '127.0.0.1', port } as const;
    answerPort(asked, role, config, (answer, socket) => void answers.push({ answer, socket }));
    const [first] = answers;
    assert.ok(first !== undefined && answers.length === 1);
    return first;
  }

  test('are those of the configuration, for receivers only', () => {
    for (const refused of [ask(2525, [2526]), ask(2525, [2525], 'sender'), ask(2525, [2525], 'control')]) {
      assert.equal(refused.answer.code, 'REFUSED');
      assert.equal(refused.socket, undefined);
    }
  });

  test('are bound and not listened on: the supervisor can accept nothing', async () => {
    const { answer, socket } = ask(0, [0]);
    assert.deepEqual(answer, { kind: 'port', id: 7 });
    assert.ok(socket !== undefined);
    const { port } = socket.address();
    const { connect } = await import('node:net');
    const client = connect(port, '127.0.0.1');
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
    const server = createServer((accepted) => void accepted.end('from the receiver')).listen(socket);
    await once(server, 'listening');
    const [received] = (await once(connect(port, '127.0.0.1'), 'data')) as [Buffer];
    assert.equal(received.toString(), 'from the receiver');
    server.close();
  });

  test('that are in use are answered with the code of the system', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    assert.equal(ask(address.port, [address.port]).answer.code, 'EADDRINUSE');
    server.close();
  });

  test('are closed again when the process takes no sockets', () => {
    const config = configOf('[[listen]]\naddress = "127.0.0.1:0"\n');
    const codes: (string | undefined)[] = [];
    let kept: BoundSocket | undefined;
    const asked = { kind: 'askPort', id: 1, host: '127.0.0.1', port: 0 } as const;
    answerPort(asked, 'receiver', config, ({ code }, socket) => {
      codes.push(code);
      if (socket === undefined) return;
      kept = socket;
      throw Object.assign(new Error('no'), { code: 'ERR_INVALID_HANDLE_TYPE' });
    });
    assert.deepEqual(codes, [undefined, 'ERR_INVALID_HANDLE_TYPE']);
    assert.throws(() => kept?.address(), { code: 'ERR_SOCKET_HANDLE_ADOPTED' });
  });
});

test('a pass proves one role and one process of one run', () => {
  const key = newPassKey();
  const receiver = { role: 'receiver', index: 0, serial: 3 } as const;
  const pass = passOf(key, receiver);
  const hello = { kind: 'hello', ...receiver, pass } as const;
  assert.ok(hasPass(key, hello));
  assert.ok(!hasPass(key, { ...hello, role: 'control' }));
  assert.ok(!hasPass(key, { ...hello, serial: 4 }));
  assert.ok(!hasPass(key, { ...hello, pass: 5 as never }));
  assert.ok(!hasPass(newPassKey(), hello));
  assert.ok(!hasPass(key, { kind: 'hello', ...receiver }));
});
