// What becomes of a report that Node has written.

import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { takeReport } from '../../src/crash/take-report.ts';

function folderOf(t: TestContext): { readonly from: string; readonly to: string } {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return { from: join(folder, 'report-1.json'), to: join(folder, 'taken.json') };
}

const report = {
  header: { trigger: 'OOMError', event: 'Allocation failed', host: 'mail.example.com' },
  javascriptStack: {
    message: 'Error: connect ECONNREFUSED',
    errorProperties: { address: '192.0.2.1', code: 'ECONNREFUSED' },
  },
  libuv: [{ type: 'tcp', remoteEndpoint: { host: '192.0.2.1', port: 25 } }, { type: 'timer' }],
};

test('a report is taken without addresses, closed to others, and what was there is gone', (t) => {
  const { from, to } = folderOf(t);
  writeFileSync(from, JSON.stringify(report), { mode: 0o644 });
  assert.deepEqual(takeReport(from, to, false), {
    kind: 'taken',
    trigger: 'OOMError',
    words: 'Allocation failed',
  });
  const text = readFileSync(to, 'utf8');
  assert.doesNotMatch(text, /192\.0\.2\.1|mail\.example\.com/u);
  assert.match(text, /ECONNREFUSED/u);
  assert.equal(statSync(to).mode & 0o777, 0o600);
  assert.equal(existsSync(from), false);
});

test('addresses stay where they were asked for', (t) => {
  const { from, to } = folderOf(t);
  writeFileSync(from, JSON.stringify(report));
  takeReport(from, to, true);
  assert.match(readFileSync(to, 'utf8'), /192\.0\.2\.1/u);
});

test('of thousands of connections only their number is kept', (t) => {
  const { from, to } = folderOf(t);
  writeFileSync(
    from,
    JSON.stringify({ ...report, libuv: Array.from({ length: 5000 }, () => ({ type: 'tcp' })) }),
  );
  takeReport(from, to, false);
  const taken = JSON.parse(readFileSync(to, 'utf8')) as { libuv: unknown[]; libuvCounts: unknown };
  assert.deepEqual([taken.libuv.length, taken.libuvCounts], [200, { tcp: 5000 }]);
});

test('no report, half a report, and what is no report', (t) => {
  const { from, to } = folderOf(t);
  assert.deepEqual(takeReport(from, to, false), { kind: 'none' });
  writeFileSync(from, JSON.stringify(report).slice(0, 40));
  assert.deepEqual(takeReport(from, to, false), { kind: 'refused', reason: 'the report is not complete' });
  writeFileSync(from, '[]');
  assert.equal(takeReport(from, to, false).kind, 'refused');
  assert.equal(existsSync(to), false);
});

test('a link in the place of a report is not followed, and a second name of another file is not read', (t) => {
  const { from, to } = folderOf(t);
  const secret = join(from, '../secret');
  writeFileSync(secret, JSON.stringify(report));
  symlinkSync(secret, from);
  assert.equal(takeReport(from, to, false).kind, 'refused');
  linkSync(secret, from);
  assert.equal(takeReport(from, to, false).kind, 'refused');
  assert.equal(existsSync(to), false);
  assert.equal(readFileSync(secret, 'utf8'), JSON.stringify(report));
});
