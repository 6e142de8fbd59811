// ETRN (RFC 1985) between real servers: this one asks Postfix, and another Sluice, for the mail that waits there.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from './mail.ts';

const content = 'From: <a@client.test>\r\nSubject: x\r\n\r\nHello\r\n';

suite('ETRN', { skip: withoutPostfix() }, () => {
  test('Postfix is asked at the start, and on request', async (t) => {
    const ground = Ground.of(t);
    const port = await freePort();
    const postfix = await startPostfix(ground, 'backup', {
      main: {
        relay_domains: 'far.test',
        transport_maps: `inline:{ far.test=smtp:[127.0.0.1]:${port} }`,
        fast_flush_domains: 'far.test',
        smtpd_etrn_restrictions: 'permit',
        minimal_backoff_time: '1h',
        maximal_backoff_time: '1h',
        queue_run_delay: '1h',
      },
    });
    const to = ['a@far.test'];
    const replies = await send(postfix.port, { from: 'a@client.test', to, content });
    assert.match(replies.at(-1)!, /^250/u, replies.join('\n'));
    await until('it waits', () => /to=<a@far\.test>.*status=deferred/u.test(postfix.log()));
    const sluice = await startSluice(ground, {
      port,
      config: {
        receive: { relay_domains: ['far.test'] },
        deliver: { tls: 'opportunistic' },
        route: [{ domain: ['far.test'], discard: true }],
        etrn: [{ relay: [`127.0.0.1:${postfix.port}`], ask: ['far.test'] }],
      },
    });
    await sluice.logged(({ event, to: of }) => event === 'received' && String(of) === to[0]);
    await sluice.logged(({ msg }) => /ETRN far\.test: .* answered 250 /u.test(String(msg)));
    const asked = await sluice.cli('queue', 'etrn');
    assert.match(asked, new RegExp(`^127\\.0\\.0\\.1:${postfix.port}  far\\.test  250 Queuing started`, 'u'));
    assert.match(
      await sluice.cli('queue', 'etrn', `127.0.0.1:${postfix.port}`, 'other.test').catch(String),
      /other\.test {2}459 /u,
    );
  });

  test('another Sluice, which is a backup MX, is asked under TLS', async (t) => {
    const ground = Ground.of(t);
    const port = await freePort();
    const backup = await startSluice(ground, {
      directory: ground.folder('backup'),
      config: {
        hostname: 'bu.test',
        queue: { retry: ['1h'] },
        receive: { relay_networks: [] },
        deliver: { address_rest: ['1s'] },
        route: [
          {
            name: 'backup',
            domain: ['far.test'],
            relay: [`127.0.0.1:${port}`],
            backup: true,
            backup_recipients: 'any',
            backup_probe: '0s',
          },
        ],
      },
    });
    await send(backup.port, { from: 'a@client.test', to: ['a@far.test'], content });
    await backup.logged('deferred');
    const sluice = await startSluice(ground, {
      port,
      directory: ground.folder('primary'),
      config: {
        receive: { relay_domains: ['far.test'] },
        route: [{ domain: ['far.test'], discard: true }],
        etrn: [{ relay: [`127.0.0.1:${backup.port}`], ask: ['#backup'], tls: 'required', at_start: false }],
      },
    });
    assert.match(await sluice.cli('queue', 'etrn'), /#backup {2}253 2\.0\.0 OK, 1 pending messages/u);
    await sluice.logged('received');
    await backup.logged(({ event, node }) => event === 'etrn' && node === '#backup');
    const again = await sluice.cli('queue', 'etrn').catch(String);
    assert.match(again, /458 4\.7\.0 Unable to queue messages for queue backup: asked for just now/u);
    const denied = await sluice.cli('queue', 'etrn', `127.0.0.1:${backup.port}`, 'else.test').catch(String);
    assert.match(denied, /else\.test {2}459 4\.7\.1/u);
    const nobody = await sluice.cli('queue', 'etrn', '127.0.0.1:1').catch(String);
    assert.match(nobody, /No \[\[etrn\]\] has 127\.0\.0\.1:1/u);
  });
});
