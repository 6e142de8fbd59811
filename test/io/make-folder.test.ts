// Folders are made, or an error says why not; a file that is no socket is never removed for one.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { makeFolder } from '../../src/io/make-folder.ts';
import { listenUnix } from '../../src/io/unix-listener.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('all folders of a path are made, and only the last one with the mode', (t) => {
  const { path } = temporaryFolder(t, 'folders');
  makeFolder(join(path, 'var/spool'), 0o700);
  makeFolder(join(path, 'var/spool'), 0o700);
  assert.equal(statSync(join(path, 'var/spool')).mode & 0o777, 0o700);
  assert.equal(statSync(join(path, 'var')).mode & 0o777, 0o777 & ~process.umask());
});

test('the error names a file in the place of a folder', (t) => {
  const { path } = temporaryFolder(t, 'folders');
  const file = join(path, 'file');
  writeFileSync(file, '');
  const wanted = { code: 'ENOTDIR', message: `${file} is no folder` };
  assert.throws(() => makeFolder(file), wanted);
  assert.throws(() => makeFolder(join(file, 'a/b')), { code: 'ENOTDIR' });
});

test(
  'where the system makes no folders, that is an error at once',
  { skip: !existsSync('/proc/self') && 'there is no /proc' },
  async () => {
    // In a process of its own, which can be ended if it never returns.
    const module = new URL('../../src/io/make-folder.ts', import.meta.url).href;
    const program = `const { makeFolder } = await import('${module}');
      try { makeFolder('/proc/nope/spool'); } catch (error) { console.log(error.code); }`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 20_000,
    });
    assert.equal(stdout, 'ENOENT\n');
  },
);

test('a socket is not made over a file that is there', async (t) => {
  const { path } = temporaryFolder(t, 'folders');
  const file = join(path, 'precious');
  writeFileSync(file, 'mine');
  await assert.rejects(listenUnix(createServer(), file, 0o600), /a file that is no socket has this name/u);
  assert.equal(readFileSync(file, 'utf8'), 'mine');
  mkdirSync(join(path, 'folder'));
  await assert.rejects(listenUnix(createServer(), join(path, 'folder'), 0o600), /no socket/u);
});
