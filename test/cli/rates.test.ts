// `sluice rates`: what is printed, what is asked of the running Sluice, and the exit codes.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Answers, controlServer } from '../control/fake-source.ts';
import { sluice } from './run.ts';

async function ground(t: TestContext, answers: Answers) {
  const { socket, folder, asked } = await controlServer(t, answers);
  const config = join(folder, 'rates.toml');
  writeFileSync(config, `spool = "${folder}"\ncontrol_socket = "${socket}"\n`);
  return { asked, run: (...args: string[]) => sluice(['rates', ...args, '--config', config]) };
}

test('rates are shown with what is used of them', async (t) => {
  const common = { stage: 'clients', rate: { count: 30, perMs: 60_000 } };
  const { run } = await ground(t, {
    rates: () => ({
      rates: [
        { ...common, key: '192.0.2.7', quantity: 'messages', used: 30, waitMs: 41_000 },
        { ...common, key: '198.51.100.1', quantity: 'refused_recipients', used: 2, waitMs: 0 },
      ],
      total: 3,
    }),
  });
  assert.equal(
    (await run()).stdout,
    [
      'OF            USED  ALLOWED                         STAGE    ONE MORE',
      '192.0.2.7     30    30 messages a minute            clients  in 41s',
      '198.51.100.1  2     30 refused recipients a minute  clients  now',
      '1 more: --all shows them',
      '',
    ].join('\n'),
  );
});

test('what was counted is forgotten', async (t) => {
  const { run, asked } = await ground(t, { resetRates: ({ key }) => key === '192.0.2.7' });
  const { stdout, code } = await run('reset', '192.0.2.7', 'far.example');
  assert.equal(
    stdout,
    '192.0.2.7 begins anew.\nfar.example has used nothing; "sluice rates" shows who has.\n',
  );
  assert.equal(code, 1);
  assert.deepEqual(
    asked.map(([, question]) => (question as { key: string }).key),
    ['192.0.2.7', 'far.example'],
  );
});
