// What `sluice check` examines besides the file: folders, sockets, ports and addresses of this machine.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { surroundings } from '../../src/cli/surroundings.ts';
import { parseConfig } from '../../src/config/config.ts';
import { placedText, placeWarnings } from '../../src/config/read/config-warning.ts';
import { InstanceLock } from '../../src/process/running/instance-lock.ts';
import { controlServer } from '../control/fake-source.ts';
import { type TemporaryFolder, temporaryFolder } from '../temporary-folder.ts';

const usual = {
  spool: 'spool = "spool"',
  control: 'control_socket = "control.sock"',
  rest: '[queue]\nreserve = "0B"\n[receive]\nmax_connections = 100\n[deliver]\nmax_connections = 100\n',
  listen: '[[listen]]\naddress = "127.0.0.1:0"\n',
};

async function found({ path }: TemporaryFolder, change: Partial<typeof usual> = {}): Promise<string[]> {
  const text = Object.values({ ...usual, ...change }).join('\n');
  const warnings = await surroundings(parseConfig(text, join(path, 'sluice.toml')));
  return placeWarnings(warnings, undefined).map((each) => placedText(each).replaceAll(path, 'HERE'));
}

async function listening({ atEnd }: TemporaryFolder): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

const folder = (t: TestContext): TemporaryFolder => temporaryFolder(t, 'surroundings');

test('nothing is missing where everything can be made, and nothing is made', async (t) => {
  const here = folder(t);
  assert.deepEqual(
    await found(here, { spool: 'spool = "a/b/spool"', control: 'control_socket = "c/d.sock"' }),
    [],
  );
  assert.ok(!existsSync(join(here.path, 'a')) && !existsSync(join(here.path, 'c')));
});

test('a file, or a folder of the kernel, is reported as no place for the spool', async (t) => {
  const here = folder(t);
  writeFileSync(join(here.path, 'file'), '');
  assert.deepEqual(await found(here, { spool: 'spool = "file"' }), ['spool: HERE/file is no folder']);
  const [below = ''] = await found(here, { spool: 'spool = "file/spool"' });
  assert.match(below, /^spool: HERE\/file/u);
  if (!existsSync('/proc/self')) return;
  const [kernel] = await found(here, { spool: 'spool = "/proc/nope/spool"' });
  assert.equal(kernel, 'spool: no folder can be made in /proc: it belongs to the kernel');
});

test(
  'what a user may not write is told with the name of the user',
  { skip: process.getuid?.() === 0 && 'root may' },
  async (t) => {
    const here = folder(t);
    mkdirSync(join(here.path, 'closed'), 0o500);
    const [closed = ''] = await found(here, { spool: 'spool = "closed/spool"' });
    assert.match(closed, /^spool: HERE\/closed cannot be written: the user .+ may not$/u);
  },
);

test('a path that is too long for a socket, or taken by a file, is reported', async (t) => {
  const here = folder(t);
  const long = `${'x'.repeat(100)}.sock`;
  assert.match(
    (await found(here, { control: `control_socket = "${long}"` }))[0] ?? '',
    /^control_socket: .* bytes long; the path of a socket may have 100$/u,
  );
  writeFileSync(join(here.path, 'precious'), '');
  assert.deepEqual(
    await found(here, { control: 'submission_socket = "precious"\ncontrol_socket = "control.sock"' }),
    ['submission_socket: HERE/precious is there already, and is no socket'],
  );
});

test('a log file needs its folder', async (t) => {
  const here = folder(t);
  const log = (file: string) => ({ listen: `${usual.listen}[log]\nfile = "${file}"\n` });
  assert.deepEqual(await found(here, log('no/sluice.log')), ['log.file: the folder HERE/no does not exist']);
  assert.deepEqual(await found(here, log('.')), ['log.file: HERE is a folder']);
  assert.deepEqual(await found(here, log('sluice.log')), []);
});

test(
  'a log file that is to be rotated needs a folder that may be written',
  { skip: process.getuid?.() === 0 && 'root may' },
  async (t) => {
    const here = folder(t);
    mkdirSync(join(here.path, 'logs'));
    writeFileSync(join(here.path, 'logs/sluice.log'), '');
    chmodSync(join(here.path, 'logs'), 0o555);
    const log = (more: string) => ({ listen: `${usual.listen}[log]\nfile = "logs/sluice.log"\n${more}` });
    assert.deepEqual(await found(here, log('')), []);
    const problems = await found(here, log('rotate_every = "1d"\n'));
    assert.match(
      problems.join('\n'),
      /^log\.rotate_every: the log cannot be rotated: HERE\/logs cannot be written: /u,
    );
    chmodSync(join(here.path, 'logs'), 0o755);
  },
);

test('a port in use is reported, unless the running Sluice uses it', async (t) => {
  const here = folder(t);
  const port = await listening(here);
  const listen = {
    listen: `[[listen]]\naddress = "127.0.0.1:0"\n[[listen]]\naddress = "127.0.0.1:${port}"\n`,
  };
  assert.deepEqual(await found(here, listen), [
    `listen[2].address: the port of 127.0.0.1:${port} is in use by another program`,
  ]);
  mkdirSync(join(here.path, 'spool'));
  const lock = await InstanceLock.take(join(here.path, 'spool'));
  here.atEnd(() => lock.release());
  assert.deepEqual(await found(here, listen), []);
});

test('a port that another program has is reported while Sluice runs, too, if it is not the one of Sluice', async (t) => {
  const here = folder(t);
  const [own, other] = [await listening(here), await listening(here)];
  const { socket } = await controlServer(t, {
    listeners: () => [{ address: `0.0.0.0:${own}`, protocol: 'smtp', tls: 'offered', asksClients: false }],
  });
  const listen = `[[listen]]\naddress = "127.0.0.1:${own}"\n[[listen]]\naddress = "127.0.0.1:${other}"\n`;
  assert.deepEqual(await found(here, { control: `control_socket = ${JSON.stringify(socket)}`, listen }), [
    `listen[2].address: the port of 127.0.0.1:${other} is in use by another program`,
  ]);
});

test('addresses that this host does not have are reported', async (t) => {
  const addresses =
    '[[listen]]\naddress = "240.0.0.1:2525"\n[[source]]\naddress = "127.0.0.1"\n[[source]]\naddress = "240.0.0.2"\n';
  assert.deepEqual(await found(folder(t), { listen: addresses }), [
    'listen[1].address: this host does not have the address 240.0.0.1',
    'source[2].address: this host does not have the address 240.0.0.2',
  ]);
});
