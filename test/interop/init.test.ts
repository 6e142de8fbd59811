// From nothing to a delivered message: `sluice init`, `sluice check`, `sluice serve`, for each purpose.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import type { Purpose } from '../../src/cli/init/answers.ts';
import { startMailboxServer } from '../deliver/mailbox-server.ts';
import { destination, send } from './mail.ts';
import { withoutSwaks } from './swaks.ts';

const content = 'Message-ID: <init@client.test>\r\n\r\nHello\r\n';

/** A server that was made by `sluice init`, running. */
async function made(t: TestContext, purpose: Purpose, answers: readonly string[], more = '') {
  const ground = Ground.of(t);
  const port = await freePort();
  const folder = ground.folder('server');
  const file = join(folder, 'sluice.toml');
  const places = ['--config', file, '--spool', join(folder, 'spool'), '--sockets', join(folder, 'run')];
  const who = process.getuid?.() === 0 ? ['--run-as', 'nobody'] : [];
  const listen = ['--listen', `127.0.0.1:${port}`, '--hostname', 'mail.example.com'];
  await ground.run(process.execPath, [sluiceBin, 'init', purpose, ...answers, ...listen, ...who, ...places]);
  // What is only for this test is in a fragment: the file stays as it was written.
  mkdirSync(join(folder, 'conf.d'));
  if (more !== '') writeFileSync(join(folder, 'conf.d/test.toml'), more);
  const cli = (input: string, ...args: string[]) =>
    ground.run(process.execPath, [sluiceBin, ...args, '--config', file], { input });
  const checked = await cli('', 'check');
  assert.match(checked, /no problems found/u);
  assert.doesNotMatch(checked, /warning/u);
  const program = ground.start('sluice', process.execPath, [sluiceBin, 'serve', '--config', file]);
  return { ground, port, cli, running: () => program.line(/ is running as /u), program };
}

/** Mail without a route of its own goes to this port. */
function everythingTo(port: number): string {
  return `[[route]]\nrelay = ["127.0.0.1:${port}"]\n`;
}

suite('a server made by sluice init', { concurrency: 2 }, () => {
  test('relays for a network', async (t) => {
    const mx = await destination(Ground.of(t));
    const server = await made(t, 'relay', ['--network', '10.0.0.0/8'], everythingTo(mx.port));
    await server.running();
    const replies = await send(server.port, { from: 'a@example.com', to: ['b@far.test'], content });
    assert.match(replies.at(-1) ?? '', /^250/u);
    await mx.tally.arrived(1);
    assert.equal(await server.program.stop('SIGTERM'), 0);
  });

  test('sends through a smarthost', async (t) => {
    const mx = await destination(Ground.of(t));
    const server = await made(t, 'smarthost', ['--smarthost', `127.0.0.1:${mx.port}`]);
    await server.running();
    await server
      .cli('Subject: hello\n\nHello\n', 'sendmail', '-f', 'a@example.com', 'b@far.test')
      .catch(() => '');
    await send(server.port, { from: 'a@example.com', to: ['b@far.test'], content });
    await mx.tally.arrived(1);
    assert.equal(await server.program.stop('SIGTERM'), 0);
  });

  test('takes mail for domains as a backup MX, and for no others', async (t) => {
    const mx = await destination(Ground.of(t));
    const primary = ['--domain', 'example.com', '--primary', `127.0.0.1:${mx.port}`];
    const server = await made(t, 'mx-backup', primary, '[receive]\nrelay_networks = []\n');
    await server.running();
    const mail = { from: 'a@far.test', content };
    assert.match((await send(server.port, { ...mail, to: ['b@example.com'] })).at(-1) ?? '', /^250/u);
    const refused = await send(server.port, { ...mail, to: ['b@other.test'] });
    assert.match(refused[1] ?? '', /^5\d\d /u);
    await mx.tally.arrived(1);
    assert.equal(await server.program.stop('SIGTERM'), 0);
  });

  test('hands mail for its domain to the mailboxes, and refuses unknown ones', async (t) => {
    const mailboxes = await startMailboxServer(t, 'lmtp', 'tcp');
    assert.ok(mailboxes.endpoint.kind === 'tcp');
    const lmtp = ['--lmtp', `127.0.0.1:${mailboxes.endpoint.port}`, '--mailbox', 'joe@example.com'];
    const server = await made(t, 'mail', ['--domain', 'example.com', ...lmtp]);
    await server.running();
    const mail = { from: 'a@far.test', content };
    assert.match((await send(server.port, { ...mail, to: ['joe@example.com'] })).at(-1) ?? '', /^250/u);
    const refused = await send(server.port, { ...mail, to: ['nobody@example.com'] });
    assert.match(refused[1] ?? '', /^550 5\.1\.1/u);
    await until('joe has the mail', () =>
      mailboxes.deliveries.some(({ to }) => to.includes('joe@example.com')),
    );
    assert.equal(await server.program.stop('SIGTERM'), 0);
  });

  test('lets users log in and send', { skip: withoutSwaks() }, async (t) => {
    const mx = await destination(Ground.of(t));
    const server = await made(t, 'submission', ['--domain', 'example.com'], everythingTo(mx.port));
    await server.cli('a long password\n', 'user', 'add', 'joe@example.com');
    await server.running();
    const to = ['--server', `127.0.0.1:${server.port}`, '--from', 'joe@example.com', '--to', 'b@far.test'];
    const login = ['-tls', '--auth-user', 'joe@example.com', '--auth-password', 'a long password'];
    await server.ground.run('swaks', [...to, ...login]);
    await mx.tally.arrived(1);
    assert.equal(await server.program.stop('SIGTERM'), 0);
  });
});
