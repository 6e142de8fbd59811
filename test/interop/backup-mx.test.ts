// A backup MX by real zones (nsd), with Postfix as the primary server that is down and comes back.

import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { Session } from '../../sim/mx/submitter.ts';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startNsd, withoutNsd } from '../../sim/neighbours/nsd.ts';
import { startPostfix, withoutPostfix, type Postfix } from '../../sim/neighbours/postfix.ts';
import { startSluice, type Sluice } from '../../sim/neighbours/sluice.ts';
import { send } from './mail.ts';

const content = 'From: <a@client.test>\r\nSubject: x\r\n\r\nHello\r\n';

const zones = {
  'far.test': '@ MX 10 mx\n@ MX 20 bu.other.test.\n@ MX 30 worse\nmx A 127.0.0.1\nworse A 127.2.0.9\n',
  'mine.test': '@ MX 10 bu.other.test.\n@ MX 20 worse\nworse A 127.2.0.9\n',
  'other.test': 'bu A 127.3.0.1\n',
};

interface World {
  readonly sluice: Sluice;
  /** Starts Postfix as the primary server. */
  readonly start: () => Promise<Postfix>;
  /** Stops Sluice, and starts it anew. */
  readonly again: () => Promise<Sluice>;
}

async function world(t: TestContext, route: Readonly<Record<string, string | boolean>>): Promise<World> {
  const ground = Ground.of(t);
  const primary = await freePort();
  const nsd = await startNsd(ground, zones);
  const options = {
    config: {
      processes: { receivers: 1 },
      dns: { servers: [`127.0.0.1:${nsd.port}`] },
      deliver: { port: primary, address_rest: ['1h'] },
      queue: { retry: ['1h'] },
      receive: { relay_networks: [] },
      route: [{ name: 'backup', domain: ['far.test', 'mine.test'], backup: 'bu.other.test', ...route }],
    },
  };
  const sluice = await startSluice(ground, options);
  const again = async (): Promise<Sluice> => {
    await sluice.program.stop('SIGTERM');
    return startSluice(ground, { ...options, directory: sluice.directory });
  };
  const start = (): Promise<Postfix> =>
    startPostfix(ground, 'primary', {
      port: primary,
      main: {
        virtual_mailbox_domains: 'far.test',
        virtual_mailbox_maps: 'inline:{ a@far.test=a, b@far.test=b }',
        virtual_transport: 'discard',
        mynetworks: '127.9.0.0/16',
        smtpd_relay_restrictions: 'reject_unauth_destination',
      },
    });
  return { sluice, start, again };
}

async function answers(port: number, ...commands: readonly string[]): Promise<string[]> {
  const session = await Session.open('127.0.0.1', port);
  const replies: string[] = [];
  for (const command of commands) {
    session.write(`${command}\r\n`);
    replies.push(await session.reply());
  }
  await session.quit();
  return replies;
}

const outcome = (sluice: Sluice, event: string, to: string) =>
  until(`${event} ${to}`, () => sluice.events().find((one) => one.event === event && one['to'] === to));

suite('backup MX', { skip: withoutNsd() || withoutPostfix() }, () => {
  test('relaying is implied; the mail waits, and goes when a probe finds the primary server back', async (t) => {
    const { sluice, start } = await world(t, { backup_recipients: 'any', backup_probe: '1s' });
    const replies = await send(sluice.port, { from: 'a@client.test', to: ['a@far.test'], content });
    assert.match(replies.at(-1)!, /^250/u, replies.join('\n'));
    const denied = await send(sluice.port, { from: 'a@client.test', to: ['a@client.test'], content });
    assert.match(denied.join('\n'), /^550 5\.7\.1 Relaying denied/mu);
    await outcome(sluice, 'deferred', 'a@far.test');
    await sluice.shows(/Primary servers do not answer, and mail waits here/u, 'status');
    assert.match(await sluice.cli('explain', 'a@far.test'), /preferred to this server \(bu\.other\.test\)/u);
    const postfix = await start();
    const delivered = await outcome(sluice, 'delivered', 'a@far.test');
    assert.equal(delivered['remote'], '127.0.0.1');
    await until('Postfix has it', () => /to=<a@far\.test>.*status=sent/u.test(postfix.log()));
    await until(
      'the trouble is over',
      async () => !(await sluice.cli('status')).includes('Primary servers do not answer'),
    );
  });

  test('the mail goes when the primary server comes back and says ETRN', async (t) => {
    const { sluice, start } = await world(t, { backup_recipients: 'any', backup_probe: '0s' });
    const to = ['a@far.test', 'b@far.test'];
    await send(sluice.port, { from: 'a@client.test', to: to.slice(0, 1), content });
    await outcome(sluice, 'deferred', 'a@far.test');
    // It waits for the end of the rest that the address of the primary server has.
    await send(sluice.port, { from: 'a@client.test', to: to.slice(1), content });
    await start();
    assert.deepEqual(
      await answers(
        sluice.port,
        'ETRN elsewhere.test',
        'ETRN mine.test',
        'ETRN FAR.test',
        'ETRN far.test',
        'ETRN',
      ),
      [
        '459 4.7.1 Node elsewhere.test not allowed: this server keeps no mail for it',
        '251 2.0.0 OK, no messages waiting for node mine.test',
        '253 2.0.0 OK, 2 pending messages for node far.test started',
        '458 4.7.0 Unable to queue messages for node far.test: asked for just now, wait 30s',
        '501 5.5.4 Write ETRN and a domain, @domain or #queue (RFC 1985)',
      ],
    );
    await outcome(sluice, 'delivered', 'a@far.test');
    await outcome(sluice, 'delivered', 'b@far.test');
  });

  test('recipients are asked for while the primary server is up, and remembered when it is down, over a restart', async (t) => {
    const { sluice, start, again } = await world(t, { backup_unlearned: 'tempfail' });
    const answer = async (port: number, to: string): Promise<string> =>
      (await answers(port, 'EHLO c.test', 'MAIL FROM:<x@client.test>', `RCPT TO:<${to}>`)).at(-1) ?? '';
    const postfix = await start();
    assert.match(await answer(sluice.port, 'a@far.test'), /^250/u);
    assert.match(await answer(sluice.port, 'nobody@far.test'), /^550 5\.1\.1 No such mailbox here/u);
    await postfix.program.stop('SIGTERM');
    const restarted = await again();
    assert.match(await answer(restarted.port, 'a@far.test'), /^250/u);
    assert.match(await answer(restarted.port, 'postmaster@far.test'), /^250/u);
    assert.match(
      await answer(restarted.port, 'b@far.test'),
      /^451 4\.3\.0 Recipients cannot be checked now/u,
    );
    assert.match(await answer(restarted.port, 'nobody@far.test'), /^451/u);
  });

  test('where nothing is better, the mail waits with the reason, and does not loop', async (t) => {
    const { sluice } = await world(t, { backup_recipients: 'any' });
    await send(sluice.port, { from: 'a@client.test', to: ['a@mine.test'], content });
    const { reply } = await outcome(sluice, 'deferred', 'a@mine.test');
    assert.match(
      String(reply),
      /4\.4\.6 This server is a backup MX of mine\.test, but nothing is better: bu\.other\.test with preference 10 is this server/u,
    );
  });
});
