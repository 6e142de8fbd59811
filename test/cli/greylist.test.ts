// `sluice greylist`: what is printed, what is asked of the running Sluice, and the exit codes.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Answers, controlServer } from '../control/fake-source.ts';
import { sluice } from './run.ts';

const hour = 3_600_000;

async function ground(t: TestContext, answers: Answers) {
  const { socket, folder, asked } = await controlServer(t, answers);
  const config = join(folder, 'greylist.toml');
  writeFileSync(config, `spool = "${folder}"\ncontrol_socket = "${socket}"\n`);
  return { asked, run: (...args: string[]) => sluice(['greylist', ...args, '--config', config]) };
}

test('what waits and what has passed is listed', async (t) => {
  const firstAt = Date.now() - 50 * hour;
  const common = { stage: 'grey', network: '192.0.2.0/24', domain: 'c.example', untilAt: firstAt + 1e9 };
  const { run, asked } = await ground(t, {
    greylist: () => ({
      rows: [
        { ...common, sender: '', firstAt, attempts: 1 },
        { ...common, sender: 'a@b.example', firstAt, passedAt: firstAt + hour / 10, attempts: 12 },
      ],
      total: 5,
    }),
  });
  assert.equal(
    (await run('list', 'b.example', '--waiting')).stdout,
    [
      'FIRST  STATE            ATTEMPTS  NETWORK       SENDER       DOMAIN',
      '2d2h   waits            1         192.0.2.0/24  <>           c.example',
      '2d2h   passed after 6m  12        192.0.2.0/24  a@b.example  c.example',
      '3 more: --all shows them',
      '',
    ].join('\n'),
  );
  assert.equal((JSON.parse((await run('list', '--json')).stdout) as { total: number }).total, 5);
  assert.deepEqual(asked, [
    ['greylist', { stage: '', text: 'b.example', state: 'waiting', most: 50 }],
    ['greylist', { stage: '', text: '', state: 'all', most: 100_000 }],
  ]);
});

test('networks are listed with the reason why they are allowed', async (t) => {
  const untilAt = Date.now() + 34 * 24 * hour + hour / 2;
  const { run } = await ground(t, {
    networks: () => ({
      rows: [
        { stage: 'grey', network: '192.0.2.0/24', passes: 0, allowed: 'operator' },
        { stage: 'grey', network: '198.51.100.0/24', passes: 7, allowed: 'passes', untilAt },
        { stage: 'grey', network: '2001:db8::/64', passes: 1, untilAt },
      ],
      total: 3,
    }),
  });
  assert.equal(
    (await run('list', '--networks')).stdout,
    [
      'NETWORK          PASSED  ALLOWED         KEPT FOR  STAGE',
      '192.0.2.0/24     0       by an operator  ever      grey',
      '198.51.100.0/24  7       by its mail     34d       grey',
      '2001:db8::/64    1       no              34d       grey',
      '',
    ].join('\n'),
  );
});

test('networks are allowed, and what is remembered is forgotten', async (t) => {
  const { run, asked } = await ground(t, {
    allow: () => '192.0.2.0/24',
    forget: ({ text }) => (text === 'nobody@b.example' ? 0 : 2),
  });
  assert.equal(
    (await run('allow', '192.0.2.7', '--for', '30d')).stdout,
    'Mail of 192.0.2.0/24 passes at once for 30d.\n',
  );
  const done = await run('forget', 'a@b.example', 'nobody@b.example');
  assert.equal(
    done.stdout,
    'Forgotten: a@b.example (2).\nNothing is remembered of nobody@b.example; "sluice greylist list" shows what is.\n',
  );
  assert.equal(done.code, 1);
  assert.equal((await run('forget', '--all')).stdout, 'Forgotten: all that was remembered (2).\n');
  assert.notEqual((await run('forget')).code, 0);
  assert.notEqual((await run('forget', '--all', 'a@b.example')).code, 0);
  const [allow, ...forgets] = asked.map(([, question]) => question as Record<string, unknown>);
  assert.deepEqual(
    [allow?.['network'], allow?.['forMs'], allow?.['stage']],
    ['192.0.2.7', 30 * 24 * hour, ''],
  );
  assert.deepEqual(
    forgets.map(({ text }) => text),
    ['a@b.example', 'nobody@b.example', ''],
  );
});

test('counts are told for each stage', async (t) => {
  const counts = { stage: 'grey', waiting: 4, once: 3, passed: 2, networks: 2, fixed: 1 };
  const { run } = await ground(t, { stats: () => [counts] });
  assert.equal(
    (await run('stats')).stdout,
    'STAGE  WAITING  CAME ONCE  PASSED  NETWORKS  ALLOWED BY OPERATORS\ngrey   4        3          2       2         1\n',
  );
});
