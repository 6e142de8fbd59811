// Sluice started by root, with users of their own for its processes: mail goes its way, every process stays its user, and
// whoever takes over one of them does not get into the others.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, type Sluice, type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';
import { parseConfig } from '../../src/config/config.ts';
import { identityOf } from '../../src/process/privileges/identity.ts';
import { roleUsers } from '../../src/process/privileges/role-users.ts';

import { selfSigned } from '../support/certificates.ts';
import type { Attempt } from './intruder.ts';
import { destination, send } from './mail.ts';

const users = { manager: 'games', receiver: 'daemon', sender: 'bin', keys: 'lp', control: 'man' } as const;
const roles = ['manager', 'receiver', 'sender', 'keys', 'control'] as const;
const mail = {
  from: 'a@client.test',
  to: ['b@far.test'],
  content: 'Message-ID: <one@client.test>\r\n\r\nHello\r\n',
};

function withoutUsers(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  try {
    for (const name of ['nobody', ...Object.values(users)]) identityOf(name);
    return false;
  } catch (error) {
    return String(error);
  }
}

/** A port that only root may bind. */
async function freeLowPort(): Promise<number> {
  for (let port = 1023; port > 0; port--) {
    const server = createServer().listen(port, '127.0.0.1');
    const [problem] = (await Promise.race([
      once(server, 'listening'),
      once(server, 'error').catch((error: unknown) => [error]),
    ])) as unknown[];
    if (problem !== undefined) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error('no port below 1024 is free');
}

/** The file of the directory, which nobody but root and the keys process may read. */
function usersFileOf(ground: Ground): string {
  const path = join(ground.directory, 'users.jsonl');
  if (existsSync(path)) return path;
  const record = { user: 'joe@here.test', password: '{PLAIN}secret' };
  writeFileSync(path, `${JSON.stringify(record)}\n`, { mode: 0o640 });
  chownSync(path, 0, identityOf(users.keys).gid);
  return path;
}

function configOf(ground: Ground, relayPort: number): SluiceConfig {
  return {
    ...ownProcesses,
    user: 'nobody',
    users,
    control_socket: join(ground.directory, 'sockets/control.sock'),
    directory: [{ name: 'users', kind: 'users', path: usersFileOf(ground) }],
    recipients: [{ domain: ['here.test'], directory: true }],
    queue: { retry: ['1s'] },
    route: [{ relay: [`127.0.0.1:${relayPort}`] }],
  };
}

/** The real, effective, saved and file system user ids of a process. */
function uidsOf(pid: number): readonly number[] {
  const line = /^Uid:\s+(?<ids>.+)$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return (line?.groups?.['ids'] ?? '').split(/\s+/u).map(Number);
}

function assertUsers(sluice: Sluice): void {
  for (const role of roles) {
    const { uid } = identityOf(users[role]);
    assert.deepEqual(uidsOf(sluice.pidOf(role)), [uid, uid, uid, uid], role);
  }
  assert.deepEqual(uidsOf(sluice.program.pid), [0, 0, 0, 0]);
}

suite('users of their own', { skip: withoutUsers() }, () => {
  test('mail goes in on a port below 1024, and out; a killed process comes back as its user', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const port = await freeLowPort();
    const sluice = await startSluice(ground, { config: configOf(ground, mx.port), port });
    assertUsers(sluice);
    assert.match((await send(port, mail)).at(-1) ?? '', /^250/u);
    await mx.tally.arrived(1);
    for (const role of roles) {
      const before = sluice.pidOf(role);
      process.kill(before, 'SIGKILL');
      await sluice.logged(({ msg }) => msg === `the ${role} process runs again`);
      assert.notEqual(sluice.pidOf(role), before);
    }
    assertUsers(sluice);
    assert.match(
      (await send(port, { ...mail, content: mail.content.replace('one', 'two') })).at(-1) ?? '',
      /^250/u,
    );
    await mx.tally.arrived(2);
    assert.equal(mx.tally.duplicates, 0);
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
  });

  test('the self-signed certificate is out of reach for all users but root, and stays the same', async (t) => {
    const ground = Ground.of(t);
    const config = configOf(ground, 1);
    const first = await startSluice(ground, { config });
    const identities = roleUsers(parseConfig(readFileSync(first.configFile, 'utf8'), first.configFile))?.of;
    assert.ok(identities !== undefined);
    const folder = join(first.spool, 'tls');
    const file = join(folder, 'self-signed.pem');
    const attempts: Attempt[] = [
      { kind: 'read', path: file },
      { kind: 'write', path: file },
      { kind: 'list', path: folder },
      { kind: 'create', path: join(folder, 'new') },
    ];
    for (const role of roles) {
      assert.deepEqual(
        await tried(ground, identities[role], attempts),
        attempts.map((each) => `${JSON.stringify(each)} denied`),
        role,
      );
    }
    const served = await first.cli('tls');
    assert.equal(await first.program.stop('SIGTERM'), 0);
    const second = await startSluice(ground, { config, port: first.port });
    assert.match(served, /TLSA +3 1 1 [0-9a-f]{64}/u);
    assert.equal((await second.cli('tls')).split('TLSA')[1], served.split('TLSA')[1]);
  });

  test('a plugin that receivers and the manager use has one state, which both write', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const file = join(ground.directory, 'counting.ts');
    writeFileSync(
      file,
      "import { goOn, plugin } from 'sluice/plugin';\n" +
        'export default plugin(({ state, log }) => {\n' +
        "  const count = (who) => log(`${who}: ${state.add('mail', 1)}`);\n" +
        "  return { rcpt: () => (count('rcpt'), goOn), attempt: () => count('attempt') };\n" +
        '});\n',
    );
    const stage = [{ name: 'counting', kind: 'plugin', file, delivery: ['attempt'], incoming: true }];
    const config = { ...configOf(ground, mx.port), stage };
    const sluice = await startSluice(ground, { config });
    const counts = (): readonly string[] =>
      sluice.events().flatMap(({ msg }) => /(?:rcpt|attempt): \d+$/u.exec(String(msg))?.[0] ?? []);
    for (const number of [1, 2]) {
      const content = mail.content.replace('one', String(number));
      assert.match((await send(sluice.port, { ...mail, content })).at(-1) ?? '', /^250/u);
      await until('the attempt was told', () => counts().length === 2 * number);
    }
    assert.deepEqual(counts(), ['rcpt: 1', 'attempt: 2', 'rcpt: 3', 'attempt: 4']);
    assert.doesNotMatch(await sluice.cli('status'), /WARNING|CRITICAL/u);
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
  });

  test('a reload opens another port below 1024', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const config = configOf(ground, mx.port);
    const sluice = await startSluice(ground, { config });
    const port = await freeLowPort();
    sluice.configure({
      ...config,
      listen: [{ address: `127.0.0.1:${sluice.port}` }, { address: `127.0.0.1:${port}` }],
    });
    await sluice.cli('reload');
    await sluice.logged(({ msg }) => msg === `listening on 127.0.0.1:${port}`);
    assert.match((await send(port, mail)).at(-1) ?? '', /^250/u);
    await mx.tally.arrived(1);
  });

  test('several receivers share a port that the supervisor bound for each', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const port = await freeLowPort();
    const config = { ...configOf(ground, mx.port), processes: { receivers: 2 } };
    await startSluice(ground, { config, port });
    for (let count = 1; count <= 20; count++) {
      const content = mail.content.replace('one', String(count));
      assert.match((await send(port, { ...mail, content })).at(-1) ?? '', /^250/u);
    }
    await mx.tally.arrived(20);
  });

  test('a spool that root wrote is taken over with its mail, and given back', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    await mx.close(); // nothing is delivered at first
    const config = { ...configOf(ground, mx.port), deliver: { address_rest: ['1s'] } };
    const asRoot = { ...config, user: 'root', users: {} };
    const first = await startSluice(ground, { config: asRoot });
    assert.match((await send(first.port, mail)).at(-1) ?? '', /^250/u);
    assert.equal(await first.program.stop('SIGTERM'), 0);
    const second = await startSluice(ground, { config, port: first.port });
    assertUsers(second);
    assert.match(
      (await send(second.port, { ...mail, content: mail.content.replace('one', 'two') })).at(-1) ?? '',
      /^250/u,
    );
    for (const folder of ['segments', 'journal']) {
      for (const name of readdirSync(join(second.spool, folder))) {
        assert.notEqual(statSync(join(second.spool, folder, name)).uid, 0, `${folder}/${name}`);
      }
    }
    assert.equal(await second.program.stop('SIGTERM'), 0);
    const third = await startSluice(ground, { config: asRoot, port: first.port });
    const back = await destination(ground, { port: mx.port });
    await back.tally.arrived(2);
    assert.equal(await third.program.stop('SIGTERM'), 0);
  });

  test('who takes over one process gets neither into another nor at what belongs to it', async (t) => {
    const ground = Ground.of(t);
    const chain = join(ground.directory, 'chain.pem');
    const key = join(ground.directory, 'key.pem');
    const certificate = selfSigned();
    writeFileSync(chain, certificate.chain, { mode: 0o600 });
    writeFileSync(key, certificate.key, { mode: 0o600 });
    const config = { ...configOf(ground, 1), certificate: [{ chain, key }] };
    const sluice = await startSluice(ground, { config });
    assert.match((await send(sluice.port, mail)).at(-1) ?? '', /^250/u);
    const inSpool = (...names: readonly string[]): string => join(sluice.spool, ...names);
    const segments = readdirSync(inSpool('segments')).map((name) => inSpool('segments', name));
    const of = (uid: number): string => segments.find((path) => statSync(path).uid === uid) ?? '';
    const identities = roleUsers(parseConfig(readFileSync(sluice.configFile, 'utf8'), sluice.configFile))?.of;
    assert.ok(identities !== undefined);
    const received = of(identities.receiver.uid);
    const stored = of(identities.manager.uid);
    assert.ok(existsSync(received) && existsSync(stored));
    const lowPort = await freeLowPort();
    const control = join(ground.directory, 'sockets/control.sock');
    const usersFile = usersFileOf(ground);
    const denied: Record<(typeof roles)[number], readonly Attempt[]> = {
      receiver: [
        { kind: 'list', path: inSpool('journal') },
        { kind: 'write', path: inSpool('holds') },
        { kind: 'create', path: inSpool('overrides.json') },
        { kind: 'write', path: stored },
        { kind: 'remove', path: stored },
        { kind: 'connect', path: control },
        { kind: 'remove', path: control },
      ],
      sender: [
        { kind: 'create', path: inSpool('segments', 'new') },
        { kind: 'create', path: inSpool('large', 'new') },
        { kind: 'write', path: received },
        { kind: 'remove', path: received },
        { kind: 'remove', path: inSpool('run', `manager-${sluice.pidOf('manager')}.sock`) },
        { kind: 'list', path: inSpool('journal') },
        { kind: 'connect', path: control },
      ],
      manager: [
        { kind: 'write', path: received },
        { kind: 'connect', path: control },
      ],
      keys: [
        { kind: 'create', path: inSpool('segments', 'new') },
        { kind: 'write', path: inSpool('holds') },
        { kind: 'list', path: inSpool('journal') },
        { kind: 'write', path: received },
        { kind: 'remove', path: received },
        { kind: 'write', path: usersFile },
        { kind: 'connect', path: control },
      ],
      control: [
        { kind: 'create', path: inSpool('segments', 'new') },
        { kind: 'write', path: inSpool('holds') },
        { kind: 'list', path: inSpool('journal') },
      ],
    };
    for (const role of roles) {
      // A process of the same user is no more open than the others, but it can be signalled.
      const others = sluice.pids().filter((pid) => pid !== sluice.pidOf(role));
      const attempts: Attempt[] = [
        ...denied[role],
        // The users' passwords, and what makes the salts of users who do not exist; and no other process may be taken for the keys process.
        ...(role === 'keys'
          ? []
          : ([
              { kind: 'read', path: usersFile },
              { kind: 'read', path: inSpool('keys', 'secret') },
              { kind: 'create', path: inSpool('keys', 'other.sock') },
              { kind: 'remove', path: inSpool('keys', 'keys.sock') },
            ] satisfies Attempt[])),
        // The supervisor reads keys; receivers have what they serve, and cannot open the files.
        { kind: 'read', path: key },
        { kind: 'read', path: chain },
        ...others.map((pid): Attempt => ({ kind: 'signal', pid })),
        ...sluice.pids().flatMap((pid): Attempt[] => [
          { kind: 'read', path: `/proc/${pid}/mem` },
          { kind: 'read', path: `/proc/${pid}/environ` },
          { kind: 'list', path: `/proc/${pid}/fd` },
        ]),
        { kind: 'listen', port: lowPort },
        { kind: 'create', path: join(import.meta.dirname, '../../node_modules/.cache/sluice/planted') },
      ];
      assert.deepEqual(
        await tried(ground, identities[role], attempts),
        attempts.map((each) => `${JSON.stringify(each)} denied`),
        role,
      );
    }
    // What they are there for, they may do: otherwise the denials above would prove little.
    const allowed: Attempt[] = [{ kind: 'read', path: received }];
    assert.deepEqual(await tried(ground, identities.sender, allowed), [`${JSON.stringify(allowed[0])} done`]);
    const bus: Attempt[] = [{ kind: 'connect', path: inSpool('bus.sock') }];
    assert.deepEqual(await tried(ground, identities.receiver, bus), [`${JSON.stringify(bus[0])} done`]);
  });
});

/** Runs the intruder as this user. @returns each attempt with `done`, `denied`, or another result */
async function tried(ground: Ground, identity: object, attempts: readonly Attempt[]): Promise<string[]> {
  const program = join(import.meta.dirname, 'intruder.ts');
  const output = await ground.run(process.execPath, [
    program,
    JSON.stringify(identity),
    JSON.stringify(attempts),
  ]);
  const results = JSON.parse(output) as string[];
  return results.map((result, at) => {
    const isDenied = result === 'EACCES' || result === 'EPERM';
    return `${JSON.stringify(attempts[at])} ${isDenied ? 'denied' : result}`;
  });
}
