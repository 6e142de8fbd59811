// The rotation of a log file: when it is put aside, which files are kept, and that each line is in one of them.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { compressFile } from '../../src/log/compress-file.ts';
import { LogRotation, type RotationRules } from '../../src/log/log-rotation.ts';
import { rotatedName } from '../../src/log/rotated-files.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const startMs = Date.UTC(2030, 0, 2, 3, 4, 5);
const hourMs = 3_600_000;

/** A log whose writer is opened again by making the file, with a clock of its own. */
function world(t: TestContext, rules: Partial<RotationRules>) {
  const folder = temporaryFolder(t, 'rotation');
  const log = join(folder.path, 'sluice.log');
  const clock = { nowMs: startMs };
  const troubles = new Troubles();
  const reopened: number[] = [];
  const rotation = new LogRotation(
    log,
    { sizeBytes: undefined, everyMs: undefined, keep: 14, compress: false, ...rules },
    { reopen: () => reopened.push(clock.nowMs), troubles, now: () => clock.nowMs },
  );
  folder.atEnd(() => rotation.stop());
  const write = (text: string) => writeFileSync(log, text);
  const names = () => readdirSync(folder.path).toSorted();
  return { folder: folder.path, log, clock, rotation, troubles, reopened, write, names };
}

describe('a log with rotate_size', () => {
  it('is put aside at its size and not before, and all processes are told', (t) => {
    const { rotation, write, names, reopened } = world(t, { sizeBytes: 10 });
    write('123456789');
    rotation.check();
    assert.deepEqual(names(), ['sluice.log']);
    write('1234567890');
    rotation.check();
    assert.deepEqual(names(), ['sluice.log-20300102T030405Z']);
    assert.deepEqual(reopened, [startMs]);
  });

  it('waits for the next second when a file has the name of this one', (t) => {
    const { rotation, write, names, clock } = world(t, { sizeBytes: 1 });
    write('a');
    rotation.check();
    write('b');
    rotation.check();
    assert.deepEqual(names(), ['sluice.log', 'sluice.log-20300102T030405Z']);
    clock.nowMs += 1_000;
    rotation.check();
    assert.deepEqual(names(), ['sluice.log-20300102T030405Z', 'sluice.log-20300102T030406Z']);
  });

  it('keeps so many files, the newest, and leaves all others alone', (t) => {
    const { folder, rotation, write, names, clock } = world(t, { sizeBytes: 1, keep: 2 });
    for (const name of ['sluice.log-notes', 'sluice.log.1.gz', 'other.log-20200101T000000Z'])
      writeFileSync(join(folder, name), 'x');
    for (let count = 0; count < 4; count++) {
      write(String(count));
      rotation.check();
      clock.nowMs += hourMs;
    }
    assert.deepEqual(names(), [
      'other.log-20200101T000000Z',
      'sluice.log-20300102T050405Z',
      'sluice.log-20300102T060405Z',
      'sluice.log-notes',
      'sluice.log.1.gz',
    ]);
  });

  it('keeps the file that it has just put aside after the clock was set back', (t) => {
    const { folder, rotation, write, names } = world(t, { sizeBytes: 1, keep: 1 });
    writeFileSync(join(folder, 'sluice.log-20400101T000000Z'), 'of a wrong clock');
    write('today');
    rotation.check();
    assert.deepEqual(names(), ['sluice.log-20300102T030405Z']);
  });
});

describe('a log with rotate_every', () => {
  it('is put aside when it is so old, over a restart too, and not while it is empty', (t) => {
    const { folder, log, rotation, write, names, clock, troubles } = world(t, { everyMs: 24 * hourMs });
    writeFileSync(rotatedName(log, startMs - 23 * hourMs), 'before');
    write('');
    clock.nowMs += 2 * hourMs;
    rotation.check();
    assert.equal(names().length, 2);
    write('line');
    clock.nowMs = startMs + hourMs - 1_000;
    rotation.check();
    assert.equal(names().length, 2);
    clock.nowMs = startMs + hourMs;
    // As after a restart: another rotation, which knows nothing of the first.
    const parts = { reopen: () => undefined, troubles, now: () => clock.nowMs };
    const rules = { sizeBytes: undefined, everyMs: 24 * hourMs, keep: 9, compress: false };
    new LogRotation(log, rules, parts).check();
    assert.deepEqual(readdirSync(folder).toSorted(), [
      'sluice.log-20300101T040405Z',
      'sluice.log-20300102T040405Z',
    ]);
  });
});

describe('rotate_compress', () => {
  it('compresses all but the newest file, which a process may still write to, with the same rights', async (t) => {
    const { log, rotation, write, names, clock } = world(t, { sizeBytes: 1, compress: true });
    write('first line\n');
    rotation.check();
    await rotation.compressed();
    assert.deepEqual(names(), ['sluice.log-20300102T030405Z']);
    const { mode } = statSync(`${log}-20300102T030405Z`);
    write('second line\n');
    clock.nowMs += hourMs;
    rotation.check();
    await rotation.compressed();
    assert.deepEqual(names(), ['sluice.log-20300102T030405Z.gz', 'sluice.log-20300102T040405Z']);
    assert.equal(gunzipSync(readFileSync(`${log}-20300102T030405Z.gz`)).toString(), 'first line\n');
    assert.equal(statSync(`${log}-20300102T030405Z.gz`).mode, mode);
  });

  it('begins anew what a crash has left half done', async (t) => {
    const { log, rotation, write, names, clock } = world(t, { sizeBytes: 1, compress: true });
    writeFileSync(rotatedName(log, startMs - hourMs), 'old line\n');
    writeFileSync(`${rotatedName(log, startMs - hourMs)}.gz.part`, 'half');
    write('line\n');
    clock.nowMs += hourMs;
    rotation.check();
    await rotation.compressed();
    assert.deepEqual(names(), ['sluice.log-20300102T020405Z.gz', 'sluice.log-20300102T040405Z']);
  });

  it('reads no other file through a link in its place', async (t) => {
    const { folder, log } = world(t, {});
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join(folder, 'secret'), `${log}-20300102T030405Z`);
    await assert.rejects(compressFile(`${log}-20300102T030405Z`, new AbortController().signal), {
      code: 'ELOOP',
    });
    assert.equal(readFileSync(join(folder, 'secret'), 'utf8'), 'secret');
  });
});

test('a log that cannot be put aside goes on, and is shown as a trouble until it can', (t) => {
  const { folder, rotation, write, troubles, clock, names } = world(t, { sizeBytes: 1 });
  // With the date, the name is longer than the 255 bytes of a name on Linux.
  const long = join(folder, 'x'.repeat(250));
  writeFileSync(long, 'line');
  const parts = { reopen: () => assert.fail('nothing was put aside'), troubles, now: () => clock.nowMs };
  new LogRotation(long, { sizeBytes: 1, everyMs: undefined, keep: 1, compress: false }, parts).check();
  const [trouble] = troubles.list;
  assert.equal(trouble?.key, 'log:rotation');
  assert.match(trouble.text, /cannot be put aside.*ENAMETOOLONG/u);
  write('line');
  rotation.check();
  assert.deepEqual(troubles.list, []);
  assert.deepEqual(names(), ['sluice.log-20300102T030405Z', 'x'.repeat(250)]);
});
