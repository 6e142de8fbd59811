// `sluice sending` and `sluice explain --as`: what is printed, what is asked of the running Sluice, and the exit codes.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { SenderAnswer, ShownSendingUse } from '../../src/control/operations/sending.ts';
import { type Answers, controlServer } from '../control/fake-source.ts';
import { sluice } from './run.ts';

const joe: ShownSendingUse = {
  by: 'user',
  key: 'joe@example.com',
  quantity: 'messages',
  rate: { count: 200, perMs: 3_600_000 },
  beyond: 'tempfail',
  origin: 'sluice.toml:12',
  used: 200,
  ahead: 0,
  // Far enough that the seconds of the test do not show.
  freeAt: Date.now() + 3_000_000_000,
};
const shop: ShownSendingUse = {
  ...joe,
  by: 'tenant',
  key: 'shop',
  quantity: 'recipients',
  rate: { count: 1, perMs: 86_400_000 },
  beyond: 'pace',
  used: 3,
  ahead: 2,
  freeAt: undefined,
};
const sender: SenderAnswer = {
  tenant: 'shop',
  senders: 'own',
  listeners: [{ address: '0.0.0.0:587', auth: 'required', tls: 'required' }],
  uses: [joe],
};

async function ground(t: TestContext, answers: Answers) {
  const { socket, folder, asked } = await controlServer(t, answers);
  const config = join(folder, 'sending.toml');
  writeFileSync(config, `spool = "${folder}"\ncontrol_socket = "${socket}"\n`);
  return { asked, run: (...args: string[]) => sluice([...args, '--config', config]) };
}

test('limits are shown with what is used of them, and what happens beyond', async (t) => {
  const { run, asked } = await ground(t, { sending: () => ({ uses: [joe, shop], total: 7 }) });
  assert.equal(
    (await run('sending')).stdout,
    [
      'OF                    USED          ALLOWED               ONE MORE   BEYOND IT, MAIL  SET BY',
      'user:joe@example.com  200           200 messages an hour  in 34d17h  is refused       sluice.toml:12',
      'tenant:shop           3, 2 to come  1 recipient a day     now        waits            sluice.toml:12',
      '5 more: --all shows them',
      '',
    ].join('\n'),
  );
  assert.equal((JSON.parse((await run('sending', '--json')).stdout) as { total: number }).total, 7);
  assert.deepEqual(
    asked.map(([, question]) => question),
    [{ most: 20 }, { most: 100_000 }],
  );
  const nothing = await ground(t, { sending: () => ({ uses: [], total: 0 }) });
  assert.equal((await nothing.run('sending')).stdout, 'Nothing of a sending limit is used.\n');
});

test('a count is reset by its name; one that has used nothing, and a name that is none, are errors', async (t) => {
  const { run, asked } = await ground(t, { reset: ({ kind }) => kind === 'user' });
  const done = await run('sending', 'reset', 'joe@example.com', 'client:2001:db8:1:2::/64');
  assert.equal(
    done.stdout,
    'The user joe@example.com begins anew.\nThe client 2001:db8:1:2::/64 has used nothing; "sluice sending" shows who has.\n',
  );
  assert.equal(done.code, 1);
  assert.deepEqual(
    asked.map(([, question]) => (question as { kind: string; key: string }).key),
    ['joe@example.com', '2001:db8:1:2::/64'],
  );
  for (const name of ['shop', 'user:', 'queue:shop']) {
    const { code, stderr } = await run('sending', 'reset', name);
    assert.equal(code, 64);
    assert.match(stderr, /^TARGET_INVALID: /u);
  }
});

test('a user is explained: who, where, from which addresses, of which tenant, and within which limits', async (t) => {
  const user = {
    address: 'joe@example.com',
    aliases: ['info@example.com', '@all.example'],
    senders: ['@b.example'],
  };
  const { run, asked } = await ground(t, { find: () => ({ kind: 'user', user }), sender: () => sender });
  assert.equal(
    (await run('explain', '--as', 'info@example.com', '--sender', 'x@b.example')).stdout,
    `User         joe@example.com
Logs in at   0.0.0.0:587 (log-in required, TLS required)
May send as  joe@example.com, info@example.com, @b.example
Tenant       shop, for mail from x@b.example

OF                    USED  ALLOWED               ONE MORE   BEYOND IT, MAIL  SET BY
user:joe@example.com  200   200 messages an hour  in 34d17h  is refused       sluice.toml:12
`,
  );
  assert.deepEqual(asked.at(-1), ['sender', { user: 'joe@example.com', sender: 'x@b.example' }]);
  const listed = await ground(t, {
    find: () => ({ kind: 'user', user }),
    sender: () => ({ ...sender, senders: 'listed', uses: [], listeners: [], tenant: '' }),
  });
  assert.equal(
    (await listed.run('explain', '--as', 'joe@example.com')).stdout,
    `User         joe@example.com
Logs in at   no listener takes log-ins
May send as  @b.example
Tenant       (no tenant), for mail from joe@example.com

No sending limit holds.
`,
  );
});

test('a user whom the directory does not know, or cannot tell of, is explained as far as it is possible', async (t) => {
  const absent = await ground(t, { find: () => ({ kind: 'absent' }), sender: () => sender });
  assert.match(
    (await absent.run('explain', '--as', 'x@y.example')).stdout,
    /^User {9}x@y\.example, who is not in the/u,
  );
  const failing = await ground(t, {
    find: () => ({ kind: 'failing', reason: 'there is no [[directory]]' }),
    sender: () => sender,
  });
  const { stdout } = await failing.run('explain', '--as', 'x@y.example');
  assert.match(
    stdout,
    /^User {9}x@y\.example; the directory cannot tell now: there is no \[\[directory\]\]$/mu,
  );
  const nobody = await failing.run('explain');
  assert.equal(nobody.code, 64);
  assert.match(nobody.stderr, /name a mail address or a domain, or a user with --as/u);
});
