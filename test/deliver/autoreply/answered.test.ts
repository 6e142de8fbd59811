// Who was answered lately: once in a period, within bounds, whoever asks at the same time, and whatever stands in the place of the file.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { noteAnswer } from '../../../src/deliver/autoreply/answered.ts';

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;
const nowMs = Date.UTC(2026, 10, 30);

function fileFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-answered-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'autoreplies');
}

test('a sender is answered once in a period, also under subaddresses and in other case', async (t) => {
  const path = fileFor(t);
  assert.equal(await noteAnswer(path, 'ann@b.test', nowMs, weekMs), true);
  for (const same of ['ann@b.test', 'Ann@B.test', 'ann+x@b.test'])
    assert.equal(await noteAnswer(path, same, nowMs + weekMs - 1000, weekMs), false);
  assert.equal(await noteAnswer(path, 'ann@c.test', nowMs, weekMs), true);
  assert.equal(await noteAnswer(path, 'ann@b.test', nowMs + weekMs, weekMs), true);
});

test('of those who ask at the same time, one may answer', async (t) => {
  const path = fileFor(t);
  const all = await Promise.all(
    Array.from({ length: 20 }, () => noteAnswer(path, 'ann@b.test', nowMs, weekMs)),
  );
  assert.equal(all.filter(Boolean).length, 1);
});

test('a hundred addresses of a domain are answered in a day, and a thousand of all in a period', async (t) => {
  const path = fileFor(t);
  let ofDomain = 0;
  for (let at = 0; at < 120; at++) if (await noteAnswer(path, `n${at}@b.test`, nowMs, weekMs)) ofDomain++;
  assert.equal(ofDomain, 100);
  assert.equal(await noteAnswer(path, 'late@b.test', nowMs + dayMs, weekMs), true);
  let others = 0;
  for (let at = 0; at < 1_000; at++) if (await noteAnswer(path, `x@n${at}.test`, nowMs, weekMs)) others++;
  assert.equal(others, 899);
  assert.equal(await noteAnswer(path, 'x@new.test', nowMs + weekMs + dayMs, weekMs), true);
});

test('lines that do not count any more are left out in the end, and foreign ones are passed over', async (t) => {
  const path = fileFor(t);
  const old = `${Math.floor((nowMs - 2 * weekMs) / 1000)} ${'0'.repeat(16)} ${'1'.repeat(16)} ${'2'.repeat(8)}\n`;
  writeFileSync(path, `# a note\n\0\xff\n${old.repeat(2_001)}`);
  assert.equal(await noteAnswer(path, 'ann@b.test', nowMs, weekMs), true);
  assert.equal(readFileSync(path, 'utf8').split('\n').length, 2);
  assert.equal(await noteAnswer(path, 'ann@b.test', nowMs, weekMs), false);
});

test('what is no file of ours answers nobody', async (t) => {
  const path = fileFor(t);
  symlinkSync('/etc/passwd', path);
  await assert.rejects(noteAnswer(path, 'ann@b.test', nowMs, weekMs), { code: 'ELOOP' });
  rmSync(path);
  execFileSync('mkfifo', [path]);
  await assert.rejects(noteAnswer(path, 'ann@b.test', nowMs, weekMs));
  rmSync(path);
  writeFileSync(path, Buffer.alloc(1024 * 1024 + 1));
  await assert.rejects(noteAnswer(path, 'ann@b.test', nowMs, weekMs), /too large/u);
});
