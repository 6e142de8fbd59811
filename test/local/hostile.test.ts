// Users who mean harm: whatever they write, their own mail waits, everything that they started ends, and nobody else waits. With real processes of other
// users, so it needs root.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { until } from '../../sim/neighbours/ground.ts';
import type { SystemEnd } from '../../src/deliver/system/system-runs.ts';
import { ground, isRoot } from './ground.ts';

const joe = 54_321;

/** Processes of a user, zombies not among them. */
function processesOf(uid: number): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      return new RegExp(`^Uid:\\t${uid}\\t`, 'm').test(status) && !/^State:\tZ/m.test(status)
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}

function text(end: SystemEnd): string {
  if (end.kind === 'ended') return end.printed;
  return end.kind === 'fault' ? `${end.status} ${end.text}` : end.kind;
}

suite('users who mean harm', { skip: isRoot ? false : 'only root can become other users' }, () => {
  test('a FIFO is not waited for, in the place of the file, of the mailbox, and of its parts', async (t) => {
    const made = ground(t);
    execFileSync('mkfifo', ['-m', '600', join(made.home('joe'), '.qmail')]);
    chownSync(join(made.home('joe'), '.qmail'), joe, joe);
    assert.match(text(await made.run()), /no regular file/);
    const other = ground(t, ['ann']);
    other.file('ann', '.qmail', './box\n');
    execFileSync('mkfifo', ['-m', '600', join(other.home('ann'), 'box')]);
    chownSync(join(other.home('ann'), 'box'), joe, joe);
    assert.match(
      text(await other.run({}, { recipient: 'ann@here.test' })),
      /"kind":"fault".*no regular file/,
    );
  });

  test('files of others are neither read nor written by links', async (t) => {
    const made = ground(t, ['joe', 'sue']);
    const secret = made.file('sue', 'secret', 'secret@x.test\n');
    chmodSync(made.home('sue'), 0o700);
    symlinkSync(secret, join(made.home('joe'), '.qmail'));
    assert.match(text(await made.run()), /"kind":"fault","status":"4\.3\.0".*EACCES/);
    made.file('joe', '.qmail-a', `${secret}\n`);
    assert.match(text(await made.run({}, { recipient: 'joe-a@here.test' })), /"kind":"fault"/);
    mkdirSync(join(made.home('sue'), 'Maildir'));
    made.file('joe', '.qmail-b', `${made.home('sue')}/Maildir/\n`);
    assert.match(text(await made.run({}, { recipient: 'joe-b@here.test' })), /"kind":"fault"/);
    assert.deepEqual(readdirSync(join(made.home('sue'), 'Maildir')), []);
    assert.equal(readFileSync(secret, 'utf8'), 'secret@x.test\n');
  });

  test('a program cannot read the message of others, nor has it anything of root', async (t) => {
    const made = ground(t);
    made.file(
      'joe',
      '.qmail',
      `|cat ${made.folder}/message && exit 0; ls -l /proc/self/fd > fds; id -G > groups; env > env; exit 75\n`,
    );
    assert.match(text(await made.run()), /ended with 75/);
    // The message is on standard input; nothing else leads to where only this process may go.
    const open = readFileSync(join(made.home('joe'), 'fds'), 'utf8').split('\n');
    const ofMessage = open.filter((line) => line.includes(`${made.folder}/message`));
    assert.deepEqual(
      ofMessage.map((line) => / (\d+) -> /.exec(line)?.[1]),
      ['0'],
    );
    assert.equal(readFileSync(join(made.home('joe'), 'groups'), 'utf8'), `${joe}\n`);
    assert.doesNotMatch(readFileSync(join(made.home('joe'), 'env'), 'utf8'), /sluice_local_job|NODE_/);
  });

  test('a program that hangs, ignores signals and leaves its group ends with all it has started', async (t) => {
    const made = ground(t);
    made.file('joe', '.qmail', "|trap '' TERM; setsid sleep 1000 & sleep 1000 & wait; sleep 1000\n");
    assert.match(text(await made.run({ timeMs: 1_000 })), /did not end within 1 s/);
    await until('all of them have ended', () => processesOf(joe).length === 0);
  });

  test('endless output ends the program, and little of it is kept', async (t) => {
    const made = ground(t);
    made.file('joe', '.qmail', '|yes\n');
    const said = text(await made.run({ outputBytes: 10_000 }));
    assert.match(said, /printed more than 10000 bytes/);
    assert.ok(said.length < 3_000);
  });

  test('a fork bomb has no more processes than the limit, and nobody else waits for it', async (t) => {
    const made = ground(t, ['joe', 'sue']);
    made.file('joe', '.qmail', '|f() { f & f; }; f\n');
    const bomb = made.run({ timeMs: 3_000, processes: 40 });
    const sue = await made.run({}, { recipient: 'sue@here.test' });
    assert.match(text(sue), /delivered into/);
    assert.ok(processesOf(joe).length <= 60, String(processesOf(joe).length));
    assert.match(text(await bomb), /"kind":"fault","status":"4/);
    await until('all of them have ended', () => processesOf(joe).length === 0);
    assert.ok(existsSync(join(made.home('sue'), 'Maildir', 'new')));
  });

  test('who kills or imitates the delivery is told apart from a delivery, and has only the own mail wait', async (t) => {
    const made = ground(t);
    made.file('joe', '.qmail', '|kill -9 $(ps -o ppid= -p $$)\n');
    assert.equal((await made.run()).kind, 'killed');
    const more = JSON.stringify({
      kind: 'done',
      did: [],
      onward: { reversePath: 'x y', recipients: ['a@b.test'] },
    });
    made.file(
      'joe',
      '.qmail',
      `|echo 'sluice-local ${more}' > /proc/$(ps -o ppid= -p $$ | tr -d ' ')/fd/1; exit 75\n`,
    );
    assert.match(text(await made.run()), /ended with 75/);
  });

  test('while all deliveries to a user take long, further mail waits in the queue, and other users have theirs', async (t) => {
    const made = ground(t, ['joe', 'sue']);
    made.file('joe', '.qmail', '|exec sleep 1000\n');
    const stop = new AbortController();
    const running = [1, 2].map(() => made.run({ perUser: 2 }, {}, stop.signal));
    const third = await made.run({ perUser: 2 });
    assert.equal(third.kind, 'busy');
    assert.ok(third.kind === 'busy' && third.retryInMs >= 3_000);
    assert.match(
      third.kind === 'busy' ? third.reason : '',
      /2 deliveries to joe are under way, and take long/,
    );
    assert.match(text(await made.run({ perUser: 2 }, { recipient: 'sue@here.test' })), /delivered into/);
    stop.abort();
    for (const end of await Promise.all(running)) assert.match(text(end), /broken-off|was ended/);
    await until('all of them have ended', () => processesOf(joe).length === 0);
  });
});
