// `npm run test:filters`: amavisd-new as a content filter behind the queue, by SMTP and by LMTP, as a user of Sluice would have it: it finds what it is made for, and hands the rest
// back. Without other daemons and without a network. Apart from the other tests, since it is large.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort, Ground, listening, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';

const head =
  'From: joe@example.com\r\nDate: Fri, 10 Mar 2023 23:29:35 +0000\r\nMessage-ID: <one@example.com>\r\nMIME-Version: 1.0\r\n';
const clean = `${head}Subject: clean\r\n\r\n.Hello\r\n`;
const program = `${head}Subject: program\r\nContent-Type: application/octet-stream; name="setup.exe"\r\n\r\nMZ\r\n`;
const amavisd = '/usr/sbin/amavisd';
const without =
  (!existsSync(amavisd) && 'amavisd is not installed (Debian: amavisd-new)') ||
  (process.getuid?.() !== 0 && 'amavisd needs root');

suite('amavisd-new as a content filter', { skip: without }, () => {
  for (const protocol of ['smtp', 'lmtp'] as const) {
    test(`by ${protocol}: mail goes through it with its client, and programs are held back`, async (t) => {
      const ground = Ground.of(t);
      const mx = await destination(ground);
      const [port, back, scan] = [await freePort(), await freePort(), await freePort()];
      const home = ground.folder('amavis');
      const config = join(ground.directory, 'amavisd.conf');
      writeFileSync(
        config,
        `use strict;
$max_servers = 1; $daemon_user = 'nobody'; $daemon_group = 'nogroup';
$MYHOME = '${home}'; $TEMPBASE = $MYHOME; $QUARANTINEDIR = undef;
$lock_file = "$MYHOME/lock"; $pid_file = "$MYHOME/pid";
$enable_db = 0; $enable_global_cache = 0; $enable_zmq = 0; $DO_SYSLOG = 0; $log_level = 2;
$myhostname = 'amavis.test'; $mydomain = 'amavis.test';
@local_domains_maps = (['.']); @mynetworks = ('127.0.0.0/8'); @inet_acl = ('127.0.0.1');
$inet_socket_bind = '127.0.0.1'; $inet_socket_port = [${scan}];
$forward_method = 'smtp:[127.0.0.1]:${back}'; $notify_method = $forward_method;
@bypass_virus_checks_maps = (1); @bypass_spam_checks_maps = (1);
@decoders = (['mail', \\&do_mime_decode]); @av_scanners = ();
$enable_dkim_verification = 0; $enable_dkim_signing = 0;
$banned_filename_re = new_RE(qr'\\.exe$'i);
$final_banned_destiny = D_DISCARD; $warnbannedsender = 0;
1;
`,
      );
      execFileSync('chown', ['nobody:nogroup', home]);
      const filter = ground.start('amavisd', amavisd, ['-c', config, 'foreground']);
      await listening(filter, scan);
      const sluice = await startSluice(ground, {
        port,
        config: {
          listen: [
            { address: `127.0.0.1:${port}` },
            { address: `127.0.0.1:${back}`, from_filter: 'any', xforward: ['127.0.0.1'] },
          ],
          stage: [{ name: 'amavis', kind: 'content-filter', route: 'scan' }],
          route: [
            {
              name: 'scan',
              domain: ['scan.invalid'],
              [protocol === 'smtp' ? 'relay' : 'lmtp']: [`127.0.0.1:${scan}`],
            },
            { relay: [`127.0.0.1:${mx.port}`] },
          ],
        },
      });
      const mail = { from: 'joe@example.com', to: ['b@far.test', 'c@far.test'] };
      assert.match((await send(port, { ...mail, content: clean })).at(-1) ?? '', /^250 /);
      await until('it has arrived', () => mx.messages.length === 1);
      const text = mx.messages[0]?.content.toString('latin1') ?? '';
      assert.ok(text.includes(`) with ${protocol === 'smtp' ? 'ESMTP' : 'LMTP'}\r\n id `), text);
      assert.match(text, /\(amavis\.test \[127\.0\.0\.1\]\) \(amavis, port/);
      assert.match(text, /\r\n\r\n\.\.Hello\r\n$/);
      assert.deepEqual(mx.messages[0]?.recipients.toSorted(), mail.to);
      // It hands on what it was told of the client.
      const [, again] = await sluice.logged('received', 2);
      assert.equal(again?.['forwardedClient'], '127.0.0.1');
      assert.match((await send(port, { ...mail, content: program })).at(-1) ?? '', /^250 /);
      const delivered = () =>
        sluice
          .events()
          .filter(({ event, site }) => event === 'delivered' && String(site).includes(String(scan)));
      await until('amavisd has both', () => delivered().length === 4);
      assert.match(String(delivered().at(-1)?.['reply']), /^250 .*discarded/i);
      assert.match((await send(port, { ...mail, content: clean })).at(-1) ?? '', /^250 /);
      await until('the next has arrived', () => mx.messages.length === 2);
    });
  }
});
