// `npm run test:filters`: filters of Debian with a running Sluice, from the first byte of a message to its end: rspamd (as a milter and by HTTP), clamav-milter and
// clamd with a tiny base of signatures, and spamass-milter. Apart from the other tests, since these programs are large. What is not installed is left out, and says so.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort, Ground, listening, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { type Destination, destination, send } from './mail.ts';

const head =
  'Message-ID: <one@example.com>\r\nDate: Fri, 10 Mar 2023 23:29:35 +0000\r\nFrom: Joe <joe@example.com>\r\nTo: a@far.test\r\nSubject: x\r\n';
const clean = `${head}\r\nHello.\r\n`;
// The test texts of scanners for spam and for viruses, in parts, so that no scanner minds this file.
const gtube = ['XJS*C4JDBQADN1.NSBN3*2IDNEN*', 'GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'].join('');
const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');

function without(program: string, debian: string): string | false {
  return (
    spawnSync('which', [program], { stdio: 'ignore' }).status !== 0 &&
    `${program} is not installed (Debian: ${debian})`
  );
}

interface Place {
  readonly mx: Destination;
  readonly say: (content: string) => Promise<string>;
  readonly log: () => string;
  readonly quarantined: () => Promise<string>;
}

async function place(ground: Ground, address: string): Promise<Place> {
  const mx = await destination(ground);
  const sluice = await startSluice(ground, {
    config: {
      stage: [{ name: 'filter', kind: 'milter', address, connect_timeout: '2m', time_limit: '2m' }],
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
    },
  });
  const mail = { from: 'joe@example.com', to: ['a@far.test'] };
  return {
    mx,
    say: async (content) => (await send(sluice.port, { ...mail, content })).at(-1) ?? '',
    log: () => JSON.stringify(sluice.events()),
    quarantined: () => sluice.cli('quarantine', 'list'),
  };
}

async function arrived(mx: Destination, count: number): Promise<string> {
  await until('it has arrived', () => mx.messages.length === count);
  return mx.messages.at(-1)?.content.toString('latin1') ?? '';
}

suite('rspamd', { skip: without('rspamd', 'rspamd') }, () => {
  test('marks what is clean, and refuses the test text for spam', async (t) => {
    const ground = Ground.of(t);
    const folder = ground.folder('rspamd');
    const port = await freePort();
    const config = join(folder, 'rspamd.conf');
    writeFileSync(join(folder, 'suffixes'), 'test\n');
    writeFileSync(
      config,
      `
options {
  dns { nameserver = ["127.0.0.1:1"]; timeout = 1s; retransmits = 1; }
  url_tld = "${folder}/suffixes";
  control_socket = "${folder}/control.sock mode=0600";
  hs_cache_dir = "${folder}/";
  tempdir = "${folder}";
}
logging { type = "console"; level = "info"; }
worker "rspamd_proxy" {
  bind_socket = "127.0.0.1:${port}";
  milter = yes;
  timeout = 60s;
  count = 1;
  upstream "local" { default = yes; self_scan = yes; }
}
milter_headers { use = ["x-spamd-result"]; skip_local = false; skip_authenticated = false; extended_spam_headers = true; }
modules { path = "/usr/share/rspamd/plugins/milter_headers.lua"; }
lua = "/usr/share/rspamd/rules/rspamd.lua";
metric { actions { reject = 15; add_header = 6; } }
`,
    );
    const program = ground.start('rspamd', 'rspamd', ['-f', '-i', '-c', config]);
    await listening(program, port);
    const { mx, say } = await place(ground, `inet:${port}@127.0.0.1`);
    assert.match(await say(clean), /^250 /);
    assert.match(await arrived(mx, 1), /\r\nX-Spamd-Result: default: /i);
    assert.match(await say(`${head}\r\n${gtube}\r\n`), /^554 5\.7\.1 /);
    assert.equal(mx.messages.length, 1);
  });
});

suite(
  'clamav-milter',
  { skip: without('clamav-milter', 'clamav-milter') || without('clamd', 'clamav-daemon') },
  () => {
    for (const [action, reply] of [
      ['Reject', /^5\d\d 5\.7\.1 /],
      ['Blackhole', /^250 /],
      ['Quarantine', /^250 /],
    ] as const) {
      test(`says of what is clean that it is, and does ${action} with the test text for viruses`, async (t) => {
        const ground = Ground.of(t);
        const folder = ground.folder('clamav');
        const base = ground.folder('base');
        writeFileSync(join(base, 'test.ndb'), `Test.Eicar:0:*:${Buffer.from(eicar).toString('hex')}\n`);
        const [clamd, socket] = [join(folder, 'clamd.sock'), join(folder, 'milter.sock')];
        writeFileSync(
          join(folder, 'clamd.conf'),
          `DatabaseDirectory ${base}\nLocalSocket ${clamd}\nForeground yes\nUser root\nTemporaryDirectory ${folder}\n`,
        );
        writeFileSync(
          join(folder, 'milter.conf'),
          `MilterSocket unix:${socket}\nMilterSocketMode 666\nClamdSocket unix:${clamd}\nForeground yes\nUser root\nOnInfected ${action}\nOnClean Accept\nOnFail Defer\nAddHeader Replace\nTemporaryDirectory ${folder}\n`,
        );
        ground.start('clamd', 'clamd', ['--config-file', join(folder, 'clamd.conf')]);
        await until('clamd listens', () => existsSync(clamd));
        ground.start('clamav-milter', 'clamav-milter', ['--config-file', join(folder, 'milter.conf')]);
        await until('clamav-milter listens', () => existsSync(socket));
        const { mx, say, log, quarantined } = await place(ground, `unix:${socket}`);
        assert.match(await say(clean), /^250 /);
        assert.match(await arrived(mx, 1), /\r\nX-Virus-Status: Clean\r\n/);
        assert.match(await say(`${head}\r\n${eicar}\r\n`), reply);
        if (action === 'Blackhole') await until('the log says so', () => log().includes('"discarded"'));
        if (action === 'Quarantine') assert.match(await quarantined(), /quarantined by clamav-milter/);
        assert.match(await say(clean), /^250 /);
        await arrived(mx, 2);
      });
    }
  },
);

suite('rspamd by HTTP', { skip: without('rspamd', 'rspamd') }, () => {
  test('marks what is clean, and sends the test text for spam another way', async (t) => {
    const ground = Ground.of(t);
    const folder = ground.folder('rspamd');
    const port = await freePort();
    const config = join(folder, 'rspamd.conf');
    const password = join(folder, 'password');
    writeFileSync(password, 'secret\n');
    const rewrite = join(folder, 'rewrite.lua');
    writeFileSync(
      rewrite,
      `rspamd_config:register_symbol({ name = 'REWRITE', type = 'postfilter', callback = function(task)
  local text = tostring(task:get_content())
  if text:find('please change') then task:set_message((text:gsub('please change', 'it is changed'))) end
end })
`,
    );
    writeFileSync(join(folder, 'suffixes'), 'test\n');
    writeFileSync(
      config,
      `
options {
  dns { nameserver = ["127.0.0.1:1"]; timeout = 1s; retransmits = 1; }
  url_tld = "${folder}/suffixes";
  control_socket = "${folder}/control.sock mode=0600";
  hs_cache_dir = "${folder}/";
  tempdir = "${folder}";
}
logging { type = "console"; level = "info"; }
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; }
milter_headers { use = ["x-spamd-result"]; skip_local = false; skip_authenticated = false; extended_spam_headers = true; }
modules { path = "/usr/share/rspamd/plugins/milter_headers.lua"; }
lua = "/usr/share/rspamd/rules/rspamd.lua";
lua = "${rewrite}";
metric { actions { reject = 15; add_header = 6; } }
`,
    );
    const program = ground.start('rspamd', 'rspamd', ['-f', '-i', '-c', config]);
    await listening(program, port);
    const mx = await destination(ground);
    const junk = await destination(ground);
    const address = `inet:${port}@127.0.0.1`;
    const sluice = await startSluice(ground, {
      config: {
        stage: [
          {
            name: 'rspamd',
            kind: 'rspamd',
            address,
            password_file: password,
            on_reject: { route: 'junk', add_field: 'X-Junk: yes' },
          },
        ],
        route: [
          { relay: [`127.0.0.1:${mx.port}`] },
          { name: 'junk', domain: ['junk.invalid'], relay: [`127.0.0.1:${junk.port}`] },
        ],
      },
    });
    const mail = { from: 'joe@example.com', to: ['a@far.test'] };
    const say = async (content: string) => (await send(sluice.port, { ...mail, content })).at(-1) ?? '';
    assert.match(await say(clean), /^250 /);
    assert.match(await arrived(mx, 1), /\r\nX-Spamd-Result: default: /i);
    // What rspamd refuses goes the other way.
    assert.match(await say(`${head}\r\n${gtube}\r\n`), /^250 /);
    assert.match(await arrived(junk, 1), /\r\nX-Junk: yes\r\n/);
    const large = `${head}\r\n${`${'x'.repeat(70)}\r\n`.repeat(36_000)}`;
    assert.match(await say(large), /^250 /);
    await arrived(mx, 2);
    // A rule of its own has rewritten the body.
    assert.match(await say(`${head}\r\nplease change\r\n`), /^250 /);
    assert.match(await arrived(mx, 3), /\r\n\r\nit is changed\r\n$/);
    assert.equal((await sluice.cli('status', '--json')).includes('stage:rspamd'), false);
  });
});

suite('clamd', { skip: without('clamd', 'clamav-daemon') }, () => {
  for (const kind of ['unix', 'inet'] as const) {
    test(`finds the test text for viruses, and takes large messages, by ${kind}`, async (t) => {
      const ground = Ground.of(t);
      const folder = ground.folder('clamd');
      const base = ground.folder('base');
      writeFileSync(join(base, 'test.ndb'), `Test.Eicar:0:*:${Buffer.from(eicar).toString('hex')}\n`);
      const [socket, port] = [join(folder, 'clamd.sock'), await freePort()];
      const listens = kind === 'unix' ? `LocalSocket ${socket}` : `TCPSocket ${port}\nTCPAddr 127.0.0.1`;
      writeFileSync(
        join(folder, 'clamd.conf'),
        `DatabaseDirectory ${base}\n${listens}\nForeground yes\nUser root\nTemporaryDirectory ${folder}\nStreamMaxLength 3M\n`,
      );
      const program = ground.start('clamd', 'clamd', ['--config-file', join(folder, 'clamd.conf')]);
      if (kind === 'inet') await listening(program, port);
      else await until('clamd listens', () => existsSync(socket));
      const mx = await destination(ground);
      const address = kind === 'unix' ? `unix:${socket}` : `inet:${port}@127.0.0.1`;
      const clamd = { kind: 'clamd', name: 'clamav', address };
      const sluice = await startSluice(ground, {
        config: {
          // More than clamd takes, so that it says so itself.
          stage: [{ ...clamd, max_size: '20MiB', on_too_large: 'continue' }],
          route: [{ relay: [`127.0.0.1:${mx.port}`] }],
        },
      });
      const mail = { from: 'joe@example.com', to: ['a@far.test'] };
      const say = async (content: string) => (await send(sluice.port, { ...mail, content })).at(-1) ?? '';
      assert.match(await say(clean), /^250 /);
      await arrived(mx, 1);
      assert.match(
        await say(`${head}\r\n${eicar}\r\n`),
        /^550 5\.7\.1 This message has the virus Test\.Eicar/,
      );
      const filler = `${'x'.repeat(70)}\r\n`.repeat(36_000);
      assert.match(await say(`${head}\r\n${filler}`), /^250 /);
      await arrived(mx, 2);
      assert.match(await say(`${head}\r\n${filler}${eicar}\r\n`), /^550 5\.7\.1 /);
      assert.equal((await sluice.cli('status', '--json')).includes('stage:clamav'), false);
      // clamd may have closed the connection before its reply was read: then it is a failure, which is temporary.
      assert.match(await say(`${head}\r\n${filler}${filler}${eicar}\r\n`), /^(250|451) /);
    });
  }
});

suite(
  'spamass-milter',
  { skip: without('spamass-milter', 'spamass-milter') || without('spamd', 'spamd') },
  () => {
    test('marks what is clean, and refuses the test text for spam', async (t) => {
      const ground = Ground.of(t);
      const folder = ground.folder('spamassassin');
      const port = await freePort();
      chmodSync(folder, 0o777);
      const spamd = ground.start('spamd', 'spamd', [
        '-L',
        '-x',
        '-i',
        '127.0.0.1',
        '-p',
        String(port),
        '--min-children=1',
        '--max-children=2',
        '-s',
        'stderr',
        '-H',
        folder,
        '-u',
        'nobody',
      ]);
      await listening(spamd, port);
      const socket = join(folder, 'spamass.sock');
      ground.start('spamass-milter', 'spamass-milter', [
        '-p',
        socket,
        '-r',
        '15',
        '--',
        '-p',
        String(port),
        '-d',
        '127.0.0.1',
      ]);
      await until('spamass-milter listens', () => existsSync(socket));
      const { mx, say } = await place(ground, `unix:${socket}`);
      assert.match(await say(clean), /^250 /);
      assert.match(await arrived(mx, 1), /\r\nX-Spam-Status: No, /);
      assert.match(await say(`${head}\r\n${gtube}\r\n`), /^550 5\.7\.1 /);
      assert.equal(mx.messages.length, 1);
    });
  },
);
