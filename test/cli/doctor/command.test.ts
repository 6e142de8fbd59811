// `sluice doctor` as a program, with conditions of the machine that are made on purpose.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ManagerStatus } from '../../../src/control/operations/status.ts';
import { controlServer } from '../../control/fake-source.ts';
import { sluice } from '../run.ts';
import { type Answer, codes, doctor, examined, ground } from './ground.ts';

test('--only looks at one kind of things, and leaves nothing behind in the spool', async (t) => {
  const { config, spool } = ground(t);
  const answer = await doctor(config, ['--only', 'files']);
  assert.deepEqual(
    [...new Set(codes(answer).map((code) => code.split('-')[0]))].filter((kind) => kind !== 'files'),
    [],
  );
  await doctor(config, ['--only', 'disk']);
  assert.deepEqual(readdirSync(spool), []);
});

test('a kind that does not exist is a mistake of the command line', async () => {
  const { code, stderr } = await sluice(['doctor', '--only', 'weather']);
  assert.equal(code, 64);
  assert.match(stderr, /Allowed choices are config, /u);
});

test('a configuration with a mistake is an error, and is all that is looked at', async (t) => {
  const { config } = ground(t);
  writeFileSync(config, 'spol = "x"\n');
  const answer = await doctor(config, []);
  assert.deepEqual([answer.code, codes(answer)], [2, ['config-invalid']]);
});

test('a stopped Sluice is a note', async (t) => {
  const { config } = ground(t);
  const answer = await doctor(config, ['--only', 'instance']);
  assert.deepEqual([answer.code, codes(answer)], [0, ['instance-stopped']]);
});

const isTmpfs = (folder: string): boolean => {
  try {
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
};

test(
  'a spool in memory is an error',
  { skip: process.platform !== 'linux' || !isTmpfs('/dev/shm') ? 'there is no /dev/shm' : false },
  async (t) => {
    const { config } = ground(t);
    const inMemory = mkdtempSync('/dev/shm/sluice-doctor-');
    t.after(() => rmSync(inMemory, { recursive: true }));
    writeFileSync(config, `spool = ${JSON.stringify(inMemory)}\n[queue]\nreserve = "0B"\n`);
    const answer = await doctor(config, ['--only', 'disk']);
    assert.deepEqual([answer.code, codes(answer)], [2, ['disk-memory']]);
  },
);

test('too few open files of the caller are a warning with the limit to set', async (t) => {
  const { config } = ground(t);
  const program = join(import.meta.dirname, '../../../bin/sluice.js');
  const script = `ulimit -n 256 && exec "$@"`;
  const args = [
    '-c',
    script,
    'sh',
    process.execPath,
    program,
    'doctor',
    '--json',
    '-c',
    config,
    '--only',
    'files',
  ];
  const { status: code, stdout } = spawnSync('sh', args, { encoding: 'utf8', cwd: '/' });
  const { findings } = JSON.parse(stdout) as Answer;
  assert.equal(code, 1);
  assert.ok(findings.some(({ code: each, mend }) => each === 'files-few' && /LimitNOFILE=\d/u.test(mend)));
});

const status: ManagerStatus = {
  version: '0.0.1',
  startedAtMs: 0,
  nowMs: 1,
  messages: 0,
  recipients: 0,
  connections: 0,
  senders: 1,
  reports: 0,
  counters: {},
  spool: { segments: 0, bytes: 0, liveMessages: 0, damagedMessages: 0 },
  sites: [],
  siteCount: 0,
  overrides: [],
};

test('a running Sluice is asked for its troubles and its version', async (t) => {
  const { socket, folder } = await controlServer(t, {
    status: () => status,
    troubles: () => [
      {
        key: 'dns',
        level: 'critical',
        text: 'No name server answers.',
        advice: 'Look at it.',
        sinceMs: 0,
        processes: [],
      },
    ],
  });
  const config = join(folder, 'sluice.toml');
  writeFileSync(
    config,
    `control_socket = ${JSON.stringify(socket)}\nspool = "spool"\n[dns]\nservers = ["127.0.0.1:1"]\n`,
  );
  const answer = await doctor(config, ['--only', 'instance']);
  assert.equal(answer.code, 2);
  assert.deepEqual(
    answer.findings.map(({ code, severity }) => [code, severity]),
    [
      ['instance-trouble', 'error'],
      ['instance-version', 'warning'],
    ],
  );
  // The check of the DNS tells of the same.
  const both = await examined(config, ['instance', 'dns']);
  assert.ok(!codes(both).includes('instance-trouble'));
  assert.ok(codes(await examined(config, ['instance', 'dns'], true)).includes('instance-trouble'));
});
