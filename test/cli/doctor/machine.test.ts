// Conditions of a machine that only root can make, each in namespaces of its own: `sluice doctor` as a program names them.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { ground } from './ground.ts';

const program = join(import.meta.dirname, '../../../bin/sluice.js');

function lacks(): string | false {
  const { status } = spawnSync(
    'unshare',
    ['-n', '-m', 'sh', '-c', 'ip link set lo up && mount -t tmpfs none /mnt'],
    {
      stdio: 'ignore',
    },
  );
  return status !== 0 && 'namespaces and mounts of its own need root, unshare, ip and mount';
}

/** Runs shell commands and then the doctor, in namespaces of their own. @param as - command in front of the doctor */
async function doctorAfter(
  prepare: string,
  config: string,
  only: readonly string[],
  as = '',
): Promise<readonly string[]> {
  const script = `ip link set lo up; ${prepare}\nexec ${as} "$@"`;
  const args = [process.execPath, program, 'doctor', '--json', '-c', config, '--only', ...only];
  const child = spawn('unshare', ['-n', '-m', 'sh', '-e', '-c', script, 'sh', ...args], { cwd: '/' });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  await once(child, 'close');
  assert.equal(Buffer.concat(err).toString(), '');
  const { findings } = JSON.parse(Buffer.concat(out).toString()) as { findings: { readonly code: string }[] };
  return findings.map(({ code }) => code).toSorted();
}

function place(
  t: TestContext,
  more = '',
): { readonly config: string; readonly spool: string; readonly folder: string } {
  const made = ground(t, more);
  chmodSync(made.folder, 0o755);
  return made;
}

suite('the doctor in namespaces', { skip: lacks(), concurrency: 2 }, () => {
  test('a small tmpfs that is full, with few inodes', async (t) => {
    const { config, spool } = place(t);
    writeFileSync(config, `spool = ${JSON.stringify(spool)}\n`);
    const found = await doctorAfter(
      `mount -t tmpfs -o size=1m,nr_inodes=100 none ${spool}; head -c 900k /dev/zero > ${spool}/fill`,
      config,
      ['disk'],
    );
    assert.deepEqual(found, ['disk-inodes', 'disk-memory', 'disk-space']);
  });

  test('the layer of a container', async (t) => {
    const { config, spool } = place(t);
    const layers = '/mnt/lower /mnt/upper /mnt/work';
    const found = await doctorAfter(
      `mount -t tmpfs none /mnt; mkdir ${layers}; mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work none ${spool}`,
      config,
      ['disk'],
    );
    assert.ok(found.includes('disk-container'), found.join(' '));
  });

  test('a file system that is read-only', async (t) => {
    const { config, spool } = place(t);
    const found = await doctorAfter(
      `mount --bind ${spool} ${spool}; mount -o remount,bind,ro ${spool}`,
      config,
      ['disk'],
    );
    assert.deepEqual(found, ['disk-read-only', 'disk-unwritable']);
  });

  test('few ports, a listener among them, and a short queue of the kernel', async (t) => {
    const { config } = place(
      t,
      '[[source]]\naddress = "127.0.0.1"\n[[listen]]\naddress = "127.0.0.1:40025"\n',
    );
    const found = await doctorAfter(
      'sysctl -q -w net.ipv4.ip_local_port_range="40000 40100" net.core.somaxconn=128',
      config,
      ['ports'],
    );
    assert.deepEqual(found, ['ports-backlog', 'ports-few', 'ports-unreserved']);
  });

  test('a user without rights is told what could not be seen, and never that all is well', async (t) => {
    const { config, spool } = place(t, '[[listen]]\naddress = "127.0.0.1:25"\n');
    chmodSync(spool, 0o755);
    const found = await doctorAfter(
      '',
      config,
      ['files', 'ports', 'disk', 'rights'],
      'setpriv --reuid=65534 --regid=65534 --clear-groups',
    );
    for (const code of ['not-seen', 'ports-forbidden']) assert.ok(found.includes(code), found.join(' '));
  });
});
