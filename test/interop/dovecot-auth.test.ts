// Passwords that a real Dovecot checks, among them one by yescrypt, which Sluice does not check itself.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeDovecot, withoutDovecot } from '../../sim/neighbours/dovecot.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { DovecotSource } from '../../src/directory/sources/dovecot-source.ts';
import { withPassword } from '../directory/world.ts';

suite("Dovecot's authentication server", { skip: withoutDovecot() }, () => {
  test('checks passwords for Sluice, many at once over one connection', async (t) => {
    const ground = Ground.of(t);
    const dovecot = await makeDovecot(ground, {
      mailboxes: { 'joe@box.test': undefined, 'jane@box.test': undefined },
      passwords: {
        'joe@box.test': '{CRYPT}$y$j9T$saltsaltsaltsalt$TG0j4ztp7XikOFbl3oG2Aa1GQ38OvMjd0gigg1D5Qo2',
        'jane@box.test': '{PLAIN}Grüße 42',
      },
    });
    await dovecot.start();
    const settings = {
      name: 'dovecot',
      path: dovecot.authSocket,
      domains: [],
      timeoutMs: 60_000,
      rememberMs: 0,
    };
    const source = new DovecotSource({ kind: 'dovecot', ...settings });
    t.after(() => source.close());
    const check = async (login: string, password: string): Promise<string> =>
      (await source.check(withPassword(login, password))).kind;
    await until(
      'Dovecot checks passwords',
      async () => (await check('jane@box.test', 'Grüße 42')) === 'right',
    );
    const answers = await Promise.all([
      check('joe@box.test', 'correct horse battery staple'),
      check('joe@box.test', 'correct horse'),
      check('jane@box.test', 'Grüße 43'),
      check('nobody@box.test', 'x'),
      check('jane@box.test', 'Grüße 42'),
    ]);
    assert.deepEqual(answers, ['right', 'wrong', 'wrong', 'wrong', 'right']);
  });
});
