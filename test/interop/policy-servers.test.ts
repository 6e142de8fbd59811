// Policy servers of other makers, unchanged, as a running Sluice asks them: Debian's postgrey and policyd-spf.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort, Ground, listening, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';

function without(program: string, debian: string): string | false {
  return (
    spawnSync('which', [program], { stdio: 'ignore' }).status !== 0 &&
    `${program} is not installed (Debian: ${debian})`
  );
}

const content =
  'Message-ID: <one@example.com>\r\nDate: Fri, 10 Mar 2023 23:29:35 +0000\r\nFrom: a@example.com\r\nSubject: x\r\n\r\nHello.\r\n';

suite('postgrey', { skip: without('postgrey', 'postgrey') }, () => {
  for (const kind of ['inet', 'unix'] as const) {
    test(`by ${kind}: who comes for the first time is told to come back, and then may`, async (t) => {
      const ground = Ground.of(t);
      const mx = await destination(ground);
      const nobody = join(ground.directory, 'nobody');
      writeFileSync(nobody, '');
      const port = await freePort();
      const socket = join(ground.directory, 'postgrey.sock');
      const program = ground.start('postgrey', 'postgrey', [
        kind === 'inet' ? `--inet=127.0.0.1:${port}` : `--unix=${socket}`,
        '--delay=1',
        `--dbdir=${ground.folder('db')}`,
        '--user=root',
        '--group=root',
        `--whitelist-clients=${nobody}`,
        `--whitelist-recipients=${nobody}`,
      ]);
      if (kind === 'inet') await listening(program, port);
      else await until('postgrey listens', () => existsSync(socket));
      const address = kind === 'inet' ? `inet:127.0.0.1:${port}` : `unix:${socket}`;
      const sluice = await startSluice(ground, {
        config: {
          stage: [{ name: 'greylisting', kind: 'policy-server', address }],
          route: [{ relay: [`127.0.0.1:${mx.port}`] }],
        },
      });
      const mail = { from: 'a@example.com', to: ['b@far.test'], content };
      const [, first] = await send(sluice.port, mail);
      assert.match(first ?? '', /^450 4\.2\.0 Greylisted, see http/);
      // Its delay is over in a second.
      await until('it may come', async () => (await send(sluice.port, mail)).at(-1)?.startsWith('250 '));
      await until('it has arrived', () => mx.messages.length === 1);
      assert.match(
        mx.messages[0]?.content.toString('latin1') ?? '',
        /^X-Greylist: delayed \d+ seconds by postgrey-/,
      );
      assert.doesNotMatch(await sluice.cli('status'), /stage "greylisting" fails/);
      const refused = (await sluice.whole()).filter(({ event }) => event === 'rejected');
      assert.deepEqual(new Set(refused.map(({ stage }) => stage)), new Set(['greylisting']));
    });
  }
});

suite(
  'policyd-spf',
  { skip: without('policyd-spf', 'postfix-policyd-spf-python') || without('tcpserver', 'ucspi-tcp') },
  () => {
    test('says in a field what it thinks of a client', async (t) => {
      const ground = Ground.of(t);
      const mx = await destination(ground);
      const port = await freePort();
      const config = join(ground.directory, 'policyd-spf.conf');
      writeFileSync(config, 'debugLevel = 1\nTestOnly = 1\nskip_addresses = 127.0.0.0/8\n');
      // What spawn(8) of Postfix does: the program speaks on its standard input and output.
      const program = ground.start('policyd-spf', 'tcpserver', [
        '-HRl0',
        '127.0.0.1',
        String(port),
        'policyd-spf',
        config,
      ]);
      await listening(program, port);
      const sluice = await startSluice(ground, {
        config: {
          stage: [{ name: 'spf', kind: 'policy-server', address: `inet:${port}@127.0.0.1` }],
          route: [{ relay: [`127.0.0.1:${mx.port}`] }],
        },
      });
      const mail = { from: 'a@example.com', to: ['b@far.test'], content };
      for (let i = 0; i < 3; i++) assert.match((await send(sluice.port, mail)).at(-1) ?? '', /^250 /);
      await until('all have arrived', () => mx.messages.length === 3);
      for (const message of mx.messages) {
        assert.match(
          message.content.toString('latin1'),
          /^X-Comment: SPF (?:skipped|check N\/A)[^]*\r\nReceived: /,
        );
      }
    });
  },
);
