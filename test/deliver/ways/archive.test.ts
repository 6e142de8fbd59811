// Archives: what is kept of a message, in which files, and that a failure leaves nothing behind.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { addToFile } from '../../../src/deliver/archive/archive-file.ts';
import { archiveName, type FilePlace } from '../../../src/deliver/archive/archive-name.ts';
import type { LockTimes } from '../../../src/mailbox/mbox/file-lock.ts';
import { mboxLines } from '../../../src/mailbox/mbox/mbox-lines.ts';
import { MaildirWriter } from '../../../src/mailbox/maildir/writer.ts';
import type { ArchiveWay } from '../../../src/values/local-way.ts';
import { fixture } from '../fixture.ts';
import { deliver, folderFor, hopOf } from './pipe-fixture.ts';

const noon = Date.UTC(2026, 10, 30, 12);

async function* bytes(...texts: string[]): AsyncGenerator<Buffer, void> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

async function* thenFails(text: string): AsyncGenerator<Buffer, void> {
  yield* bytes(text);
  throw new Error('the message is damaged');
}

test('a Maildir gets a message once for all of its recipients, in a file of its own', async (t) => {
  const folder = join(folderFor(t), 'new', 'archive');
  const way: ArchiveWay = { kind: 'archive', place: { kind: 'maildir', folder } };
  const made = await fixture(t);
  const results = await deliver(made, way, { to: ['a@to.test', 'b@to.test'] });
  assert.deepEqual(
    results.map(({ result }) => result),
    ['delivered', 'delivered'],
  );
  await deliver(made, way, { to: ['c@to.test'] });
  assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
  const names = readdirSync(join(folder, 'new')).sort();
  assert.equal(names.length, 2);
  const contents = names.map((name) => readFileSync(join(folder, 'new', name), 'utf8')).sort();
  assert.equal(
    contents[0],
    'Return-Path: <a@from.test>\nX-Original-To: a@to.test\nX-Original-To: b@to.test\nDelivered-To: a@to.test\n' +
      'Delivered-To: b@to.test\nX-Queue-ID: Q0\nSubject: x\n\nHello\n',
  );
  assert.equal(statSync(join(folder, 'new', names[0] ?? '')).mode & 0o777, 0o600);
});

test('a copy for an archive tells the envelope of the message, hidden recipients included', async (t) => {
  const folder = folderFor(t);
  const made = await fixture(t);
  const work = [
    { address: 'open@to.test' },
    { address: 'hidden@to.test' },
    { address: 'archive@archive.invalid', isCopy: true as const },
  ];
  const { sender, spool, reports } = made;
  const added = spool.add({ to: work });

  const hop = hopOf({ kind: 'archive', place: { kind: 'maildir', folder } });
  sender.connect({ connection: 1, site: 'site', hop, source: '', work: { ...added, recipients: [2] } });
  assert.equal((await reports.next()).kind, 'ready');
  const done = await reports.next();
  assert.deepEqual(done.kind === 'done' && done.results, [{ recipient: 2, result: 'delivered' }]);
  const [name = ''] = readdirSync(join(folder, 'new'));
  const kept = readFileSync(join(folder, 'new', name), 'utf8');
  assert.match(kept, /^Return-Path: <a@from\.test>\n/);
  assert.match(kept, /\nDelivered-To: open@to\.test\nDelivered-To: hidden@to\.test\nX-Queue-ID/);
  assert.equal(kept.includes('archive.invalid'), false);
});

test('a recipient that the message was delivered to before is told of as a loop, and the others are kept', async (t) => {
  const folder = folderFor(t);
  const way: ArchiveWay = { kind: 'archive', place: { kind: 'maildir', folder } };
  const made = await fixture(t);
  const content = 'Received: by x.test\r\nDelivered-To: B@to.test\r\nSubject: x\r\n\r\nHello\r\n';
  const results = await deliver(made, way, { to: ['a@to.test', 'b@to.test'], content });
  assert.deepEqual(
    results.map(({ result, error }) => [result, error]),
    [
      ['delivered', undefined],
      ['permfail', '550 5.4.6 mail loop: the message was delivered to b@to.test before'],
    ],
  );
  const [name = ''] = readdirSync(join(folder, 'new'));
  const kept = readFileSync(join(folder, 'new', name), 'utf8');
  assert.match(
    kept,
    /^Return-Path: <a@from\.test>\nX-Original-To: a@to\.test\nDelivered-To: a@to\.test\nX-Queue/u,
  );
  await deliver(made, way, { to: ['b@to.test'], content });
  assert.equal(readdirSync(join(folder, 'new')).length, 1);
});

test('a Maildir that cannot be written makes the mail wait', async (t) => {
  const folder = join(folderFor(t), 'file');
  writeFileSync(folder, 'no folder');
  const way: ArchiveWay = { kind: 'archive', place: { kind: 'maildir', folder } };
  const [result] = await deliver(await fixture(t), way, { to: ['a@to.test'] });
  assert.equal(result?.result, 'tempfail');
  assert.match(String(result.error), /^451 4\.3\.0 the archive: /);
});

test('a message that breaks off leaves nothing in a Maildir', async (t) => {
  const folder = folderFor(t);
  await assert.rejects(
    new MaildirWriter().add({ folder, base: '/', followsLinks: true }, thenFails('Subject: x\n'), noon),
    /damaged/,
  );
  assert.deepEqual([readdirSync(join(folder, 'tmp')), readdirSync(join(folder, 'new'))], [[], []]);
});

test('a file keeps messages as mboxrd does', async (t) => {
  const path = join(folderFor(t), 'all.mbox');
  const way: ArchiveWay = { kind: 'archive', place: { kind: 'file', path, rotate: 'never' } };
  const made = await fixture(t);
  const content = 'Subject: x\r\n\r\nFrom here\r\n>From there\r\n From nowhere\r\nlast';
  await deliver(made, way, { to: ['a@to.test'], content });
  await deliver(made, way, { to: ['b@to.test'] });
  const text = readFileSync(path, 'utf8').replaceAll(/^From .*$/gm, 'From');
  assert.equal(
    text,
    'From\nReturn-Path: <a@from.test>\nX-Original-To: a@to.test\nDelivered-To: a@to.test\nX-Queue-ID: Q0\n' +
      'Subject: x\n\n>From here\n>>From there\n From nowhere\nlast\n\n' +
      'From\nReturn-Path: <a@from.test>\nX-Original-To: b@to.test\nDelivered-To: b@to.test\nX-Queue-ID: Q1\n' +
      'Subject: x\n\nHello\n\n',
  );
});

test('lines are quoted alike wherever a message is cut', async () => {
  const text = 'From a\n>From b\nFrom\nxFrom c\n\nFrom d';
  const whole: Buffer[] = [];
  for await (const piece of mboxLines(bytes(text))) whole.push(piece);
  assert.equal(Buffer.concat(whole).toString(), '>From a\n>>From b\nFrom\nxFrom c\n\n>From d\n\n');
  for (let cut = 0; cut <= text.length; cut++) {
    const pieces: Buffer[] = [];
    for await (const piece of mboxLines(bytes(text.slice(0, cut), text.slice(cut)))) pieces.push(piece);
    assert.deepEqual(Buffer.concat(pieces), Buffer.concat(whole), `cut at ${cut}`);
  }
  const long: Buffer[] = [];
  for await (const piece of mboxLines(bytes('x'.repeat(100_000), 'From y\nFrom z'))) long.push(piece);
  assert.equal(Buffer.concat(long).toString(), `${'x'.repeat(100_000)}From y\n>From z\n\n`);
});

test('the name of a file tells its period, and its number where a size is set', () => {
  const place = (rotate: FilePlace['rotate'], path = '/var/all.mbox'): FilePlace => ({
    kind: 'file',
    path,
    rotate,
  });
  assert.equal(archiveName(place('never'), 1, noon), '/var/all.mbox');
  assert.equal(archiveName(place('never'), 2, noon), '/var/all-2.mbox');
  assert.equal(archiveName(place('hourly'), 1, noon), '/var/all-2026-11-30T12.mbox');
  assert.equal(archiveName(place('daily'), 3, noon), '/var/all-2026-11-30-3.mbox');
  assert.equal(archiveName(place('monthly', '/var.d/all'), 1, noon), '/var.d/all-2026-11');
});

test('when a file has its size, or its day is over, the next one begins', async (t) => {
  const folder = join(folderFor(t), 'made');
  const place: FilePlace = { kind: 'file', path: join(folder, 'all'), rotate: 'daily', mostBytes: 10 };
  for (const at of [noon, noon, noon, noon + 24 * 3_600_000])
    await addToFile(place, bytes('123456', '\n\n'), at);
  assert.deepEqual(readdirSync(folder).sort(), ['all-2026-11-30', 'all-2026-11-30-2', 'all-2026-12-01']);
  assert.equal(statSync(join(folder, 'all-2026-11-30')).size, 16);
});

test('a failure leaves the file as it was, and what a crash has cut off ends before the next message', async (t) => {
  const path = join(folderFor(t), 'all');
  const place: FilePlace = { kind: 'file', path, rotate: 'never' };
  await addToFile(place, bytes('From a\n\nx\n\n'), noon);
  await assert.rejects(addToFile(place, thenFails('From b\n\nhal'), noon), /damaged/);
  assert.equal(readFileSync(path, 'utf8'), 'From a\n\nx\n\n');
  appendFileSync(path, 'From b\n\nhal');
  await addToFile(place, bytes('From c\n\ny\n\n'), noon);
  assert.equal(readFileSync(path, 'utf8'), 'From a\n\nx\n\nFrom b\n\nhal\n\nFrom c\n\ny\n\n');
});

test('messages that are written at the same time do not mix, whoever writes them', async (t) => {
  const path = join(folderFor(t), 'all');
  const place: FilePlace = { kind: 'file', path, rotate: 'never' };
  const entries = Array.from({ length: 12 }, (_, number) => [`From ${number}\n`, `body ${number}\n`, '\n']);
  await Promise.all(entries.map((entry) => addToFile(place, bytes(...entry), noon)));
  const kept = readFileSync(path, 'utf8').split(/(?=^From )/m);
  assert.deepEqual(kept.toSorted(), entries.map((entry) => entry.join('')).toSorted());
  assert.deepEqual(readdirSync(dirname(path)), ['all'], 'no lock is left');
});

test('the lock of a process that lives is waited for, that of a dead or old one is removed', async (t) => {
  const path = join(folderFor(t), 'all');
  const place: FilePlace = { kind: 'file', path, rotate: 'never' };
  const add = (times: LockTimes) => addToFile(place, bytes('From a\n\n'), noon, times);
  const { pid = 0 } = spawnSync('/bin/true');
  const lockOf = (holder: number, host = hostname()): void =>
    writeFileSync(`${path}.lock`, `${holder} ${host}\n`);
  const never = { waitMs: 0, staleMs: 3_600_000 };
  for (const [holder, host] of [
    [process.pid, hostname()],
    [pid, 'another.host'],
  ] as const) {
    lockOf(holder, host);
    await assert.rejects(add(never), /another process has .*\.lock/);
  }
  writeFileSync(`${path}.lock`, '');
  await assert.rejects(add(never), /another process has/, 'its holder has not written its number yet');
  await add({ waitMs: 0, staleMs: -1 });
  lockOf(pid);
  await add(never);
  assert.deepEqual(readdirSync(dirname(path)), ['all']);
  assert.equal(readFileSync(path, 'utf8'), 'From a\n\nFrom a\n\n');
});
