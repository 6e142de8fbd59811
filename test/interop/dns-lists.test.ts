// DNS lists of a real server (rbldnsd): addresses of both IP versions and domains, with the texts that are in the list.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Session } from '../../sim/mx/submitter.ts';
import { freePort, Ground } from '../../sim/neighbours/ground.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { destination } from './mail.ts';

const unpacked = join(import.meta.dirname, '../../var/interop/rbldnsd/usr/sbin/rbldnsd');
const rbldnsd = existsSync('/usr/sbin/rbldnsd') ? '/usr/sbin/rbldnsd' : unpacked;

const files = {
  'zen.test:ip4set':
    ':2:Spam source, see https://zen.test/?ip=$\n127.0.0.2\n192.0.2.0/28\n!192.0.2.7\n:10:Dial-up\n198.51.100.9\n',
  'zen.test:ip6trie': ':3:Spam source $\n2001:db8:1::/48\n',
  'domains.test:dnset': ':2:Domain $ is for sale\nbad.example\n.worse.example\n',
  'white.test:ip4set': ':2:Trusted\n192.0.2.8\n',
};

/** The replies to XCLIENT, MAIL and RCPT of a client behind a front end. */
async function ask(sluice: Sluice, client: string, from: string): Promise<string> {
  const session = await Session.open('127.0.0.1', sluice.port);
  let reply = '';
  for (const command of [
    `XCLIENT ADDR=${client} NAME=[UNAVAILABLE]`,
    'EHLO client.test',
    `MAIL FROM:<${from}>`,
    'RCPT TO:<b@far.test>',
  ]) {
    session.write(`${command}\r\n`);
    reply = await session.reply();
  }
  await session.quit();
  return reply;
}

suite('rbldnsd', { skip: !existsSync(rbldnsd) && 'rbldnsd is not unpacked (see .ci/run)' }, () => {
  test('clients and domains that are listed are refused with the words of the list; a trusted one is not', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const [port, dns] = [await freePort(), await freePort()];
    const folder = ground.folder('rbldnsd');
    chmodSync(folder, 0o755);
    const zones = Object.entries(files).map(([zone, text]) => {
      const name = zone.replace(':', '-');
      writeFileSync(join(folder, name), text);
      return `${zone}:${name}`;
    });
    // It refuses to be root.
    const user = process.getuid?.() === 0 ? ['-u', 'nobody:nogroup'] : [];
    const program = ground.start('rbldnsd', rbldnsd, [
      '-n',
      ...user,
      '-w',
      folder,
      '-b',
      `127.0.0.1/${dns}`,
      ...zones,
    ]);
    await program.line(/started \(/u);
    const list = [
      { zone: 'zen.test', answers: ['127.0.0.2-127.0.0.9'], weight: 3 },
      { zone: 'domains.test', about: 'sender', weight: 2 },
      { zone: 'white.test', weight: -3 },
    ];
    const sluice = await startSluice(ground, {
      port,
      config: {
        dns: { servers: [`127.0.0.1:${dns}`] },
        receive: { relay_domains: ['far.test'], relay_networks: ['198.18.0.0/15'] },
        listen: [{ address: `127.0.0.1:${port}`, xclient: ['127.0.0.1'] }],
        stage: [{ name: 'lists', kind: 'dns-lists', reject_at: 2, list }],
        route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      },
    });
    const said = 'https://zen\\.test/\\?ip=192\\.0\\.2\\.9';
    for (const [client, from, reply] of [
      [
        '192.0.2.9',
        'a@good.example',
        new RegExp(`^550 5\\.7\\.1 192\\.0\\.2\\.9 is listed by zen\\.test: Spam source, see ${said}`),
      ],
      ['192.0.2.7', 'a@good.example', /^250 /],
      ['192.0.2.8', 'a@good.example', /^250 /],
      ['192.0.2.8', 'a@bad.example', /^550 5\.7\.1 /],
      ['198.51.100.9', 'a@good.example', /^250 /],
      [
        '198.51.100.9',
        'a@bad.example',
        /^550 5\.7\.1 bad\.example is listed by domains\.test: Domain bad\.example is for sale/,
      ],
      ['203.0.113.1', 'a@sub.worse.example', /^550 5\.7\.1 sub\.worse\.example is listed by domains\.test/],
      ['203.0.113.1', 'a@sub.bad.example', /^250 /],
      ['IPV6:2001:db8:1::7', 'a@good.example', /^550 5\.7\.1 2001:db8:1::7 is listed by zen\.test/],
      ['IPV6:2001:db8:2::7', 'a@good.example', /^250 /],
    ] as const) {
      assert.match(await ask(sluice, client, from), reply, `${client} ${from}`);
    }
    assert.equal((await sluice.cli('status', '--json')).includes('"list:'), false);
  });
});
