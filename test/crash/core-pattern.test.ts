// Where a core is, by the pattern of the kernel.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreFolder, coreNames, fixedFolder, parseCorePattern } from '../../src/crash/core-pattern.ts';

test('a pattern is a file, a program, or nothing', () => {
  assert.deepEqual(parseCorePattern('\n', false), { kind: 'none' });
  assert.deepEqual(parseCorePattern('|/usr/lib/systemd/systemd-coredump %P %u\n', true), {
    kind: 'pipe',
    program: '/usr/lib/systemd/systemd-coredump',
    arguments: '%P %u',
  });
  assert.deepEqual(parseCorePattern('/var/crash/core.%e.%p\n', true), {
    kind: 'file',
    folder: '/var/crash',
    name: 'core.%e.%p',
    isAbsolute: true,
    isOwn: true,
  });
});

test('core_uses_pid appends the process id to a pattern that has none, also to an empty one', () => {
  const names = (text: string): unknown => {
    const pattern = parseCorePattern(text, true);
    return pattern.kind === 'file' && [pattern.name, pattern.isOwn];
  };
  assert.deepEqual(names('core'), ['core.%p', true]);
  assert.deepEqual(names('core.%p'), ['core.%p', true]);
  assert.deepEqual(names('%%p'), ['%%p.%p', true]);
  assert.deepEqual(names(''), ['.%p', true]);
});

test('the names of a pattern match those of its process alone, as far as it tells processes apart', () => {
  const matches = (name: string, pid: number, file: string): boolean => coreNames(name, pid).test(file);
  assert.ok(matches('core.%p', 17, 'core.17'));
  assert.ok(!matches('core.%p', 17, 'core.171'));
  assert.ok(!matches('core.%p', 17, 'coreX17'));
  assert.ok(matches('core-%e-%t-%p', 17, 'core-sluice: sender-1790000000-17'));
  assert.ok(matches('100%%', 17, '100%'));
  assert.ok(matches('core%', 17, 'core'));
});

test('the folder of a core', () => {
  const folder = (text: string): string | undefined => coreFolder(parseCorePattern(text, false), '/srv');
  assert.equal(folder('core'), '/srv');
  assert.equal(folder('cores/core'), '/srv/cores');
  assert.equal(folder('/core'), '/');
  assert.equal(folder('/var/crash/core'), '/var/crash');
  assert.equal(folder('/var/crash/%e/core'), undefined);
  assert.equal(folder('|/bin/cat'), undefined);
  assert.equal(fixedFolder('/var/crash/%e/%u'), '/var/crash');
});
