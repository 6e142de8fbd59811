// Each setting under which the kernel would write no core is made on purpose, and `sluice doctor` as a program names it. The settings of the
// kernel are those of the whole machine: the doctor sees others, mounted over them in a namespace of its own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { isContainer } from '../../src/cli/doctor/crash.ts';
import { readCrashes } from '../../src/crash/read-crashes.ts';
import { identityOf } from '../../src/process/privileges/identity.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { ownProcesses, type Sluice, type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';

function lacks(): string | false {
  const { status } = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', 'mount -t tmpfs none /mnt && prlimit --version'],
    {
      stdio: 'ignore',
    },
  );
  if (status !== 0) return 'mounts of its own need root, unshare, mount and prlimit';
  return process.platform !== 'linux' && 'only Linux has these settings';
}

const sysctls = {
  pattern: '/proc/sys/kernel/core_pattern',
  usesPid: '/proc/sys/kernel/core_uses_pid',
  suidDumpable: '/proc/sys/fs/suid_dumpable',
} as const;

/** The codes of what the doctor finds about cores, where the kernel's settings are these. */
async function codesWith(
  ground: Ground,
  sluice: Sluice,
  settings: Readonly<Partial<Record<keyof typeof sysctls, string>>>,
): Promise<readonly string[]> {
  const mounts = Object.entries({ usesPid: '1', pattern: 'core', ...settings }).map(([name, value]) => {
    const file = join(ground.directory, `setting-${name}-${encodeURIComponent(value)}`);
    writeFileSync(file, `${value}\n`);
    return `mount --bind '${file}' ${sysctls[name as keyof typeof sysctls]}`;
  });
  const script = `${mounts.join('\n')}\nexec "$@"`;
  const doctor = [
    process.execPath,
    sluiceBin,
    'doctor',
    '--json',
    '--only',
    'crash',
    '-c',
    sluice.configFile,
  ];
  const output = await ground.run('unshare', ['-m', 'sh', '-e', '-c', script, 'sh', ...doctor], {
    codes: [0, 1, 2, 3],
  });
  const { findings } = JSON.parse(output) as { readonly findings: readonly { readonly code: string }[] };
  return findings.map(({ code }) => code).filter((code) => code.startsWith('crash-core-'));
}

const config: SluiceConfig = { ...ownProcesses, crash: { cores: true } };

suite('settings under which no core is written', { skip: lacks(), concurrency: 2 }, () => {
  test('are named one by one: patterns, limits and filters', async (t) => {
    const ground = Ground.of(t);
    const sluice = await startSluice(ground, { config });
    const codes = (settings: Parameters<typeof codesWith>[2]) => codesWith(ground, sluice, settings);
    const there = ground.folder('cores');
    // There, the program is one of the host, which cannot be looked at.
    const inContainer = await isContainer();
    const patterns: readonly (readonly [pattern: string, expected: readonly string[]])[] = [
      ['core', []],
      [`${there}/core.%p`, []],
      ['|/bin/false', ['crash-core-discarded']],
      ['|/nowhere/catcher %p', [inContainer ? 'crash-core-host' : 'crash-core-program']],
      ['|/bin/cat', [inContainer ? 'crash-core-host' : 'crash-core-piped']],
      ['/nowhere/core.%p', ['crash-core-folder']],
    ];
    for (const [pattern, expected] of patterns) assert.deepEqual(await codes({ pattern }), expected, pattern);
    assert.deepEqual(await codes({ pattern: '', usesPid: '0' }), ['crash-core-nowhere']);
    const shared = { pattern: `${there}/core`, usesPid: '0' };
    assert.deepEqual(await codes(shared), ['crash-core-overwritten']);

    const sender = String(sluice.pidOf('sender'));
    await ground.run('prlimit', ['--core=0:', '--pid', sender]);
    assert.deepEqual(await codes({}), ['crash-core-limit']);
    await ground.run('prlimit', ['--core=1073741824:', '--fsize=1000000:', '--pid', sender]);
    assert.deepEqual(await codes({}), ['crash-core-file-limit']);
    await ground.run('prlimit', ['--fsize=unlimited:', '--pid', sender]);
    writeFileSync(`/proc/${sender}/coredump_filter`, '0x10');
    assert.deepEqual(await codes({}), ['crash-core-filter']);
  });

  test('are named where roles have left root behind, and a report is kept all the same', async (t) => {
    const ground = Ground.of(t);
    const users = { manager: 'games', sender: 'bin' };
    for (const name of ['nobody', ...Object.values(users)]) identityOf(name);
    const sluice = await startSluice(ground, {
      config: {
        ...config,
        user: 'nobody',
        users,
        control_socket: join(ground.directory, 'sockets/control.sock'),
      },
    });
    const codes = (settings: Parameters<typeof codesWith>[2]) => codesWith(ground, sluice, settings);
    assert.deepEqual(await codes({ suidDumpable: '0' }), ['crash-core-dumpable']);
    assert.deepEqual(await codes({ suidDumpable: '2' }), ['crash-core-relative']);
    assert.deepEqual(await codes({ suidDumpable: '1' }), []);
    const closed = join(ground.directory, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const absolute = { suidDumpable: '2', pattern: `${closed}/core.%p` };
    assert.deepEqual(await codes(absolute), ['crash-core-closed']);

    const folder = join(sluice.spool, 'crash');
    const pid = sluice.pidOf('sender');
    const run = [sluiceBin, 'crash-test', 'sender', '--by', 'uncaught', '--yes', '-c', sluice.configFile];
    const output = await ground.run(process.execPath, run);
    assert.match(output, /^ok +report +written: /mu);
    const { record } = readCrashes(folder)[0] ?? {};
    assert.equal(record?.pid, pid);
    // The kernel agrees with the doctor: nothing is written of a process that was root once.
    if (readFileSync(sysctls.suidDumpable, 'utf8').trim() !== '0') return;
    const next = sluice.pidOf('sender');
    process.kill(next, 'SIGSEGV');
    const crash = await until('the crash is kept', () =>
      readCrashes(folder).find((each) => each.record.pid === next && each.record.coreMissing !== undefined),
    );
    assert.equal(crash.record.core, undefined);
  });
});
