// Mail to programs through a running Sluice: procmail, maildrop and dovecot-lda as delivery agents of another user, and their exit codes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from './mail.ts';

const content = 'Subject: for an agent\r\n\r\n.a line with a dot\r\nFrom here on\r\n';
/** A user without any rights. */
const user = 'nobody';
const group = 'nogroup';

function without(program: string): string | false {
  if (process.getuid?.() !== 0) return 'programs run as other users only where root has started Sluice';
  return existsSync(program) ? false : `${program} is not installed`;
}

/** A folder of that user, and a file in it. */
function place(
  ground: Ground,
  name: string,
): { readonly folder: string; file(name: string, text: string): string } {
  const folder = ground.folder(name);
  execFileSync('chown', [`${user}:${group}`, folder]);
  return {
    folder,
    file: (at, text) => {
      const path = join(folder, at);
      writeFileSync(path, text, { mode: 0o600 });
      execFileSync('chown', [`${user}:${group}`, path]);
      return path;
    },
  };
}

/** Hands in mail for these recipients, and gives what became of each. */
async function become(ground: Ground, config: SluiceConfig, to: readonly string[]) {
  const sluice = await startSluice(ground, { config });
  const replies = await send(sluice.port, { from: 'me@from.test', to, content });
  assert.match(replies.at(-1)!, /^250/u);
  const ends = () =>
    sluice.events().filter(({ event }) => ['delivered', 'bounced', 'deferred'].includes(String(event)));
  await until('each recipient has an outcome', () =>
    to.every((each) => ends().some((end) => end['to'] === each)),
  );
  return new Map(
    ends().map((end) => [
      String(end['to']),
      `${String(end['event'])} ${String(end['reply'] ?? end['error'] ?? '')}`,
    ]),
  );
}

/** The only message in a Maildir. */
function onlyIn(maildir: string): string {
  const names = readdirSync(join(maildir, 'new'));
  assert.equal(names.length, 1);
  return readFileSync(join(maildir, 'new', names[0]!), 'utf8');
}

const toNobody: SluiceConfig[string] = { discard: true };

suite('delivery agents', () => {
  const procmail = '/usr/bin/procmail';
  test(
    'procmail files mail as its user, and says what goes back or waits',
    { skip: without(procmail) },
    async (t) => {
      const ground = Ground.of(t);
      const { folder, file } = place(ground, 'procmail');
      const rc = file('rc', `SHELL=/bin/sh\nUMASK=077\nEXITCODE=$1\nHOST\n`);
      const keep = file('keep', `UMASK=077\n:0\n${folder}/$1/\n`);
      const outcomes = await become(
        ground,
        {
          route: [
            { name: 'keep', domain: ['keep.test'], as: user, pipe: [procmail, '-t', '-m', keep, '${user}'] },
            { name: 'code', domain: ['code.test'], as: user, pipe: [procmail, '-t', '-m', rc, '${user}'] },
            { domain: ['from.test'], ...toNobody },
          ],
        },
        ['joe@keep.test', '67@code.test', '75@code.test', '73@code.test'],
      );
      assert.match(outcomes.get('joe@keep.test')!, /^delivered/);
      const mail = onlyIn(join(folder, 'joe'));
      assert.match(mail, /^Return-Path: <me@from\.test>\nX-Original-To: .*\nDelivered-To: joe@keep\.test\n/m);
      assert.ok(mail.endsWith('\n\n.a line with a dot\nFrom here on\n'));
      assert.match(outcomes.get('67@code.test')!, /^bounced .*5\.1\.1 .*ended with 67: no such user/);
      assert.match(outcomes.get('73@code.test')!, /^bounced .*ended with 73/);
      assert.match(outcomes.get('75@code.test')!, /^deferred .*ended with 75/);
    },
  );

  const maildrop = '/usr/bin/maildrop';
  test(
    'maildrop files mail as its user, and says what goes back or waits',
    { skip: without(maildrop) },
    async (t) => {
      const ground = Ground.of(t);
      const { folder, file } = place(ground, 'maildrop');
      mkdirSync(join(folder, 'joe'));
      for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(folder, 'joe', part));
      execFileSync('chown', ['-R', `${user}:${group}`, folder]);
      const keep = file('keep', `to "${folder}/$1"\n`);
      const code = file('code', 'EXITCODE=$1\nexit\n');
      const outcomes = await become(
        ground,
        {
          route: [
            { name: 'keep', domain: ['keep.test'], as: user, pipe: [maildrop, keep, '${user}'] },
            { name: 'code', domain: ['code.test'], as: user, pipe: [maildrop, code, '${user}'] },
            { domain: ['from.test'], ...toNobody },
          ],
        },
        ['joe@keep.test', 'ann@keep.test', '77@code.test', '75@code.test'],
      );
      assert.match(outcomes.get('joe@keep.test')!, /^delivered/);
      assert.ok(onlyIn(join(folder, 'joe')).endsWith('\n\n.a line with a dot\nFrom here on\n'));
      assert.match(outcomes.get('77@code.test')!, /^bounced .*ended with 77/);
      assert.match(outcomes.get('75@code.test')!, /^deferred .*ended with 75/);
    },
  );

  const lda = '/usr/lib/dovecot/dovecot-lda';
  test(
    'dovecot-lda files mail as its user, and a mailbox over its quota goes back',
    { skip: without(lda) },
    async (t) => {
      const ground = Ground.of(t);
      const { folder, file } = place(ground, 'lda');
      const conf = file(
        'dovecot.conf',
        'log_path = /dev/stderr\nssl = no\nfirst_valid_uid = 1\nprotocol lda {\n  mail_plugins = quota\n}\nquota_full_tempfail = no\n',
      );
      const agent = (...more: readonly string[]): readonly string[] => [
        lda,
        '-c',
        conf,
        '-e',
        '-f',
        '${sender}',
        '-o',
        `mail_location=maildir:${folder}/\${user}`,
        ...more,
      ];
      const outcomes = await become(
        ground,
        {
          route: [
            { name: 'keep', domain: ['keep.test'], as: user, pipe: agent() },
            {
              name: 'full',
              domain: ['full.test'],
              as: user,
              pipe: agent('-o', 'plugin/quota=maildir:User quota', '-o', 'plugin/quota_rule=*:bytes=10'),
            },
            { domain: ['from.test'], ...toNobody },
          ],
        },
        ['joe@keep.test', 'ann@full.test'],
      );
      assert.match(outcomes.get('joe@keep.test')!, /^delivered/);
      assert.ok(
        onlyIn(join(folder, 'joe'))
          .replaceAll('\r\n', '\n')
          .endsWith('\n\n.a line with a dot\nFrom here on\n'),
      );
      assert.match(outcomes.get('ann@full.test')!, /^bounced .*ended with 77/);
    },
  );

  test(
    'a program that hangs, one that forks and one that floods are ended, and other mail goes on',
    { skip: without('/bin/sh') },
    async (t) => {
      const ground = Ground.of(t);
      const { folder } = place(ground, 'bad');
      chmodSync(folder, 0o777);
      const run = (script: string): readonly string[] => ['/bin/sh', '-c', script, 'sh', folder];
      const bad = { as: user, pipe_time: '3s' };
      const outcomes = await become(
        ground,
        {
          route: [
            {
              name: 'hangs',
              domain: ['hangs.test'],
              ...bad,
              pipe: run('trap "" TERM; echo $$ > "$1/hangs"; sleep 600 & wait; sleep 600'),
            },
            {
              name: 'forks',
              domain: ['forks.test'],
              ...bad,
              pipe: run('(trap "" TERM; sleep 600; sleep 600) & echo $! > "$1/forks"; exit 0'),
            },
            {
              name: 'leaves',
              domain: ['leaves.test'],
              ...bad,
              pipe: run('setsid sh -c \'echo $$ > "$1/leaves"; exec sleep 600\' sh "$1" & sleep 600'),
            },
            { name: 'floods', domain: ['floods.test'], ...bad, pipe: run('exec yes') },
            { name: 'good', domain: ['good.test'], as: user, pipe: run('cat > /dev/null') },
            { domain: ['from.test'], ...toNobody },
          ],
        },
        ['a@hangs.test', 'a@forks.test', 'a@leaves.test', 'a@floods.test', 'a@good.test'],
      );
      assert.match(outcomes.get('a@hangs.test')!, /^deferred .*did not end within 3 s/);
      assert.match(outcomes.get('a@leaves.test')!, /^deferred .*did not end within 3 s/);
      assert.match(outcomes.get('a@floods.test')!, /^deferred .*print/);
      assert.match(outcomes.get('a@forks.test')!, /^delivered/);
      assert.match(outcomes.get('a@good.test')!, /^delivered/);
      for (const name of ['hangs', 'forks', 'leaves']) {
        const pid = Number(readFileSync(join(folder, name), 'utf8'));
        await until(`what ${name} has started has ended`, () => hasEnded(pid));
      }
    },
  );
});

/** A zombie whose parent has not asked for it has ended, too. */
function hasEnded(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
