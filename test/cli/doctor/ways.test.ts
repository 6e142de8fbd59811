// Programs and archives of routes, as `sluice doctor` judges them, and as it finds them.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type WaysFacts, waysFindings } from '../../../src/cli/doctor/ways.ts';
import { codes, examined, ground } from './ground.ts';

const mib = 1024 * 1024;
const gib = 1024 * mib;
const route = 'the route "r"';
const disk = { route, folder: '/a', freeBytes: 50 * gib, allBytes: 100 * gib, freeInodes: undefined };
const right: WaysFacts = { programs: [], users: [], archives: [], disks: [disk], failing: [], unseen: [] };
const failing = { route, name: 'r', recipients: 1, isAtLeast: false, lastError: 'it ended with 75' };

const cases: readonly (readonly [name: string, change: Partial<WaysFacts>, found: readonly string[]])[] = [
  ['all is well', {}, []],
  [
    'a program that is missing',
    { programs: [{ route, reason: 'it does not exist', isFatal: true }] },
    ['error ways-program'],
  ],
  [
    'a program that others can change',
    { programs: [{ route, reason: 'it can be changed', isFatal: false }] },
    ['warning ways-program-open'],
  ],
  ['a user who is missing', { users: [{ route, reason: 'there is no user "x"' }] }, ['error ways-user']],
  ['an archive that is closed', { archives: [{ route, reason: 'no' }] }, ['error ways-archive']],
  ['a full disk', { disks: [{ ...disk, freeBytes: 64 * mib - 1 }] }, ['error ways-disk']],
  ['a disk with just enough room', { disks: [{ ...disk, freeBytes: 5 * gib }] }, []],
  ['a nearly full disk', { disks: [{ ...disk, freeBytes: 5 * gib - 1 }] }, ['warning ways-disk']],
  ['a large disk with much room', { disks: [{ ...disk, freeBytes: 10 * gib, allBytes: 1000 * gib }] }, []],
  ['no inodes', { disks: [{ ...disk, freeInodes: 999 }] }, ['warning ways-disk']],
  ['mail that waits', { failing: [failing] }, ['warning ways-failing']],
  ['what this user may not see', { unseen: ['It was not looked at'] }, ['note not-seen']],
];
for (const [name, change, expected] of cases) {
  test(name, () => {
    assert.deepEqual(
      waysFindings({ ...right, ...change }).map(({ severity, code }) => `${severity} ${code}`),
      expected,
    );
  });
}

test('one recipient and many are told in words, and the command names the route for a shell', () => {
  const found = (change: Partial<typeof failing>) =>
    waysFindings({ ...right, disks: [], failing: [{ ...failing, ...change }] })[0];
  assert.equal(
    found({})?.what,
    'Mail of the route "r" fails: 1 recipient of this route waits after failed attempts. One of them: it ended with 75.',
  );
  assert.match(
    found({ recipients: 1000, isAtLeast: true })?.what ?? '',
    /at least 1000 recipients of this route wait/,
  );
  assert.match(found({ name: "joe's" })?.mend ?? '', /^sluice queue list --route 'joe'\\''s' shows them/u);
});

test('programs, users and archives are found where they are, each once', async (t) => {
  const { config, folder } = ground(t);
  const program = join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  const open = join(folder, 'open');
  writeFileSync(open, '#!/bin/sh\n');
  chmodSync(open, 0o777);
  mkdirSync(join(folder, 'good'));
  symlinkSync(program, join(folder, 'link.mbox'));
  writeFileSync(join(folder, 'file'), '');
  const routes = [
    `pipe = ["${program}"]`,
    `pipe = ["${open}"]`,
    `pipe = ["${folder}/none"]\nas = "no-such-user-here"`,
    `archive = { maildir = "${folder}/new/maildir" }`,
    `archive = { maildir = "${folder}/file" }`,
    `archive = { file = "${folder}/link.mbox" }`,
    `archive = { file = "${folder}/missing/all.mbox" }`,
    `archive = { file = "${folder}/file/all.mbox" }`,
  ].map((target, at) => `[[route]]\nname = "r${at}"\ndomain = ["d${at}.test"]\n${target}\n`);
  writeFileSync(
    config,
    `hostname = "mail.example.com"\nspool = "spool"\ncontrol_socket = "control.sock"\n${routes.join('')}`,
  );
  const answer = await examined(config, ['config', 'ways']);
  const about = answer.findings
    .filter(({ code }) => code.startsWith('ways-') && code !== 'ways-disk')
    .map(({ code, what }) => `${code} ${/"r(\d)"/.exec(what)?.[1]}`);
  assert.deepEqual(about.toSorted(), [
    'ways-archive 4',
    'ways-archive 5',
    'ways-archive 7',
    'ways-program 2',
    'ways-program-open 1',
    'ways-user 2',
  ]);
  assert.ok(!codes(answer).includes('not-seen'));
  assert.ok(!answer.findings.some(({ code, what }) => code === 'config-warning' && what.includes('/none')));
});
