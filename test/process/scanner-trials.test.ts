// Stages that ask clamd, rspamd and a policy server: `sluice explain --client` shows where they stand, and `sluice policy try` runs them.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import type { ServiceAddress } from '../../src/io/dial-service.ts';
import { ScriptedClamd } from '../policy/clamd/scripted-clamd.ts';
import { action, ScriptedPolicyServer } from '../policy/policy-server/scripted-policy-server.ts';
import { clean, reply, ScriptedRspamd } from '../policy/rspamd/scripted-rspamd.ts';

function textOf(address: ServiceAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `inet:${address.port}@${address.host}`;
}

test('scanners and policy servers are explained, and tried on a message, which marks and refusals show', async (t) => {
  const ground = Ground.of(t);
  const directory = ground.folder('sluice');
  const file = join(directory, 'mail.eml');
  writeFileSync(file, 'From: joe@shop.example\nSubject: x\n\nHello\n');
  const [clamd, rspamd, policy] = [
    await ScriptedClamd.start(t),
    await ScriptedRspamd.start(t, {
      say: (moment) => (moment === 'end' ? reply({ ...clean, action: 'add header', score: 7 }) : undefined),
    }),
    await ScriptedPolicyServer.start(t, (question) =>
      action(question.get('recipient') === 'no@example.org' ? 'REJECT not you' : 'PREPEND X-Policy: yes'),
    ),
  ];
  const sluice = await startSluice(ground, {
    directory,
    config: {
      receive: { relay_networks: ['10.0.0.0/8'], relay_domains: ['example.org'] },
      stage: [
        { name: 'postgrey', kind: 'policy-server', address: textOf(policy.address) },
        { name: 'clamav', kind: 'clamd', address: textOf(clamd.address) },
        { name: 'rspamd', kind: 'rspamd', address: textOf(rspamd.address), audience: 'strangers' },
      ],
      route: [{ discard: true }],
    },
  });
  const from = ['--from', 'joe@shop.example'];
  const met = await sluice.cli('explain', '--client', '192.0.2.1', ...from);
  assert.match(
    met,
    /^rcpt +relay .*\n +postgrey +30s +tempfail, 30s rest after 10 +kind=policy-server .*address=inet:/m,
  );
  assert.match(met, /^content +clamav +2m +tempfail.* kind=clamd .*\n +rspamd +2m +tempfail.* kind=rspamd /m);
  const ours = await sluice.cli('explain', '--client', '10.0.0.1', ...from);
  assert.match(ours, /^NOT ASKED +SINCE\n(?:.*\n)*rspamd +/m);

  const tried = (client: string, to: string) =>
    sluice.cli('policy', 'try', file, ...from, '--to', to, '--client', client);
  const stranger = await tried('192.0.2.1/mail.shop.example', 'a@example.org');
  assert.match(stranger, /\n {2}(?:rcpt +)?postgrey +[\d.]+ ms {2}continue\n/);
  assert.match(stranger, /\n {2}(?:content +)?clamav +[\d.]+ ms {2}continue/);
  assert.match(stranger, /\n {2}(?:content +)?rspamd +[\d.]+ ms {2}continue/);
  assert.match(stranger, /verdict.*spam/);
  assert.match(stranger, /\nX-Policy: yes\n/);
  assert.match(stranger, /\nX-Spam: Yes\n/);
  assert.match(stranger, /\nOutcome {6}accepted\n/);
  assert.equal(policy.talks[0]?.questions[0]?.get('client_name'), 'mail.shop.example');
  assert.equal(rspamd.questions[0]?.field('hostname'), 'mail.shop.example');
  assert.match(clamd.talks[0]?.message ?? '', /^(?:X-Policy: yes\r\n)?From: joe@shop\.example\r\n/);

  await tried('10.0.0.1', 'a@far.example');
  assert.equal(rspamd.questions.length, 1);
  await assert.rejects(tried('192.0.2.1', 'no@example.org'), /554|550 5\.7\.1 .*not you/);
  clamd.script = { say: (moment) => (moment === 'end' ? 'stream: Test.Virus FOUND\0' : undefined) };
  await assert.rejects(tried('192.0.2.1', 'a@example.org'), /550 5\.7\.1 .*Test\.Virus/);
  // Nothing was accepted, counted or refused.
  assert.equal(await sluice.cli('queue', 'list'), 'Nothing waits.\n');
  assert.deepEqual(
    (await sluice.whole()).filter(({ event }) => event !== undefined),
    [],
  );
});
