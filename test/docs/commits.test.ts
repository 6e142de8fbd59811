// The check of commit messages, as CONTRIBUTING.md describes it.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../temporary-folder.ts';
import { root } from './pages.ts';

// Named as a variable, so that the check of imports does not count it: tools/ is not a room.
type Checker = typeof import('../../tools/check-commits.ts');
const program = join(root, 'tools/check-commits.ts');
const { faultsOfMessage } = (await import(program)) as Checker;

const subject = 'A queue that is full refuses new mail';
const messages: readonly (readonly [message: string, fault: RegExp | undefined])[] = [
  [subject, undefined],
  [`${subject}\n\nIt was taken and lost, because nobody had looked at the free space.\n`, undefined],
  [`${subject}\n\nhttps://www.rfc-editor.org/${'x'.repeat(100)}`, undefined],
  [`${'ä'.repeat(60)} is long`, undefined],
  [`${'ä'.repeat(70)} is long`, /^the subject has 78 characters/u],
  [`${subject}.`, /full stop/u],
  ['fix', /too few to say the effect/u],
  ['fix tests', /too few to say the effect/u],
  [`${subject}\nIt was taken and lost.`, /no blank line/u],
  [`${subject}\n\n${'word '.repeat(30)}`, /longer than 100/u],
];
for (const [message, fault] of messages) {
  const what = fault === undefined ? 'is a good message' : `is refused: ${fault.source}`;
  test(`${JSON.stringify(message.slice(0, 90))} ${what}`, () => {
    const faults = faultsOfMessage(message);
    assert.equal(faults.length, fault === undefined ? 0 : 1, faults.join('\n'));
    if (fault !== undefined) assert.match(faults[0]!, fault);
  });
}

test('the hook refuses a message without the comments that git has put into it', (t) => {
  const folder = temporaryFolder(t, 'commits').path;
  const check = (text: string): number | null => {
    writeFileSync(join(folder, 'message'), text);
    return spawnSync(process.execPath, [program, join(folder, 'message')]).status;
  };
  assert.equal(
    check(`${subject}\n\n# Please enter the commit message for your changes. ${'-'.repeat(99)}\n`),
    0,
  );
  assert.equal(
    check(`${subject}\n# ------------------------ >8 ------------------------\ndiff --git a b\n`),
    0,
  );
  assert.equal(check(`# Please enter the commit message.\nfix\n`), 1);
});

const withoutGit = spawnSync('git', ['--version']).status === 0 ? false : 'git is not installed';

test('the history is read commit by commit, and each fault names its commit', { skip: withoutGit }, (t) => {
  const folder = temporaryFolder(t, 'commits').path;
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@test.example', ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
    });
  git('init', '-q');
  const commit = (message: string, date: string): string => {
    git('commit', '-q', '--allow-empty', '--date', date, '-m', message);
    return git('rev-parse', '--short', 'HEAD').trim();
  };
  commit('old', '2026-01-01T00:00:00Z');
  commit(`${subject}\n\nWhy.`, '2027-01-01T00:00:00Z');
  const run = () => spawnSync(process.execPath, [program], { cwd: folder, encoding: 'utf8' });
  assert.deepEqual([run().status, run().stdout], [0, '']);
  const hash = commit('fix', '2027-01-01T00:00:01Z');
  assert.equal(run().status, 1);
  assert.equal(
    run().stdout,
    `${hash}: the subject has fewer than three words, too few to say the effect\n    fix\n`,
  );
});
