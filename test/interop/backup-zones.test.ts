// A backup MX by real zones (nsd): which hosts are better, by names, addresses, IPv6, CNAMEs and equal preferences, and what is said where none is.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Session } from '../../sim/mx/submitter.ts';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startNsd, withoutNsd } from '../../sim/neighbours/nsd.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';

const mx = 'mx A 127.0.0.11\nworse A 127.0.0.13\n';

const zones: Readonly<Record<string, string>> = {
  'other.test': 'bu A 127.3.0.1\nsecond A 127.3.0.2\n',
  'name.test': `@ MX 10 mx\n@ MX 20 bu.other.test.\n@ MX 30 worse\n${mx}`,
  'six.test': '@ MX 10 mx\n@ MX 20 bu.other.test.\nmx AAAA ::1\n',
  'alias.test': `@ MX 10 mx\n@ MX 20 us\n@ MX 30 worse\nus CNAME bu.other.test.\n${mx}`,
  'equal.test': `@ MX 10 mx\n@ MX 20 worse\n@ MX 20 bu.other.test.\n${mx}`,
  'several.test': `@ MX 10 mx\n@ MX 20 second.other.test.\n@ MX 25 worse\n@ MX 30 bu.other.test.\n${mx}`,
  'nat.test': `@ MX 10 mx\n@ MX 20 nat\n@ MX 30 worse\nnat A 203.0.113.25\n${mx}`,
  'absent.test': `@ MX 10 mx\n@ MX 30 worse\n${mx}`,
  'best.test': `@ MX 10 bu.other.test.\n@ MX 20 worse\n${mx}`,
  'peer.test': `@ MX 10 bu.other.test.\n@ MX 10 worse\n${mx}`,
  'null.test': '@ MX 0 .\n',
  'bare.test': 'www A 127.0.0.1\n',
};
const domains = Object.keys(zones).filter((zone) => zone !== 'other.test');

suite('a backup MX by real zones', { skip: withoutNsd() }, () => {
  test('mail goes to better hosts alone, and what the zones say is told', async (t) => {
    const ground = Ground.of(t);
    const nsd = await startNsd(ground, zones);
    const sluice = await startSluice(ground, {
      config: {
        processes: { single_process: true },
        dns: { servers: [`127.0.0.1:${nsd.port}`] },
        receive: { relay_networks: [] },
        deliver: { own_names: ['second.other.test'], own_addresses: ['203.0.113.25'] },
        route: [{ domain: [...domains, 'gone.test'], backup: 'bu.other.test', backup_recipients: 'any' }],
      },
    });
    const explained = async (domain: string) => sluice.cli('explain', `a@${domain}`);
    for (const domain of ['name', 'alias', 'equal', 'several', 'nat']) {
      const text = await explained(`${domain}.test`);
      assert.match(text, /127\.0\.0\.11/u, domain);
      assert.doesNotMatch(text, /127\.0\.0\.13|127\.3\.0|203\.0\.113/u, domain);
    }
    assert.match(await explained('six.test'), /::1/u);
    const all = await explained('absent.test');
    assert.match(all, /127\.0\.0\.11/u);
    assert.match(all, /127\.0\.0\.13/u);
    for (const domain of ['best', 'peer'])
      assert.match(await explained(`${domain}.test`), /4\.4\.6 .*but nothing is better/u, domain);

    const session = await Session.open('127.0.0.1', sluice.port);
    const say = async (command: string): Promise<string> => {
      session.write(`${command}\r\n`);
      return session.reply();
    };
    await say('EHLO c.test');
    await say('MAIL FROM:<x@client.test>');
    assert.match(
      await say('RCPT TO:<a@null.test>'),
      /^556 5\.1\.10 null\.test does not accept mail \(null MX\)/u,
    );
    assert.match(await say('RCPT TO:<postmaster@null.test>'), /^556 5\.1\.10 /u);
    assert.match(await say('RCPT TO:<postmaster@name.test>'), /^250 /u);
    assert.match(await say('RCPT TO:<a@bare.test>'), /^550 5\.4\.4 /u);
    assert.match(await say('RCPT TO:<a@name.test>'), /^250 /u);
    assert.match(await say('RCPT TO:<a@best.test>'), /^250 /u);
    await session.quit();

    const checked = await sluice.cli('check');
    assert.match(checked, /backup MX +of name\.test, .*whose mail waits up to 14d/u);
    const warned = new Map(
      [...checked.matchAll(/^warning: .*route\[1\]\.backup: (.*)$/gmu)].flatMap(([, text = '']) => {
        const domain = domains.find((each) => text.includes(each));
        return domain === undefined ? [] : [[domain, text] as const];
      }),
    );
    assert.deepEqual([...warned.keys()].toSorted(), [
      'absent.test',
      'bare.test',
      'best.test',
      'null.test',
      'peer.test',
    ]);
    assert.match(
      warned.get('absent.test') ?? '',
      /none of the MX hosts of absent\.test \(10 mx\.absent\.test, 30 worse/u,
    );
    assert.match(
      warned.get('best.test') ?? '',
      /this server \(bu\.other\.test, preference 10\) is the best/u,
    );
    assert.match(warned.get('null.test') ?? '', /takes no mail/u);
  });
});
