// Servers in front of Sluice that tell who the client is: HAProxy with PROXY headers, swaks with XCLIENT, Postfix with XFORWARD.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { freePort, Ground, listening, until } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';

const withoutHaproxy = !existsSync('/usr/sbin/haproxy') && 'HAProxy is not installed (Debian: haproxy)';
const withoutSwaks = !existsSync('/usr/bin/swaks') && 'swaks is not installed (Debian: swaks)';

const frontEnd = ['127.0.0.1/32'];
const head = 'From: <a@client.test>\r\nTo: <b@far.test>\r\nMessage-ID: <one@client.test>\r\n';

/** Runs swaks as a client at 127.0.0.5. */
function swaks(ground: Ground, port: number, codes: readonly number[], ...args: string[]): Promise<string> {
  const to = ['--server', '127.0.0.1', '--port', String(port), '--helo', 'client.test'];
  const mail = ['--from', 'a@client.test', '--to', 'b@far.test'];
  return ground.run('swaks', [...to, '--local-interface', '127.0.0.5', ...mail, ...args], { codes });
}

suite('HAProxy', { skip: withoutHaproxy || withoutSwaks }, () => {
  const headers = [
    ['send-proxy', 'send-proxy'],
    ['send-proxy-v2', 'send-proxy-v2'],
    ['send-proxy-v2 with a checksum and records', 'send-proxy-v2 proxy-v2-options crc32c,unique-id'],
  ] as const;
  for (const [name, header] of headers) {
    test(`${name}: mail has the client's address, also where TLS is implicit, and checks are no failures`, async (t) => {
      const ground = Ground.of(t);
      const mx = await destination(ground);
      const [port, securePort, outside, outsideSecure] = [
        await freePort(),
        await freePort(),
        await freePort(),
        await freePort(),
      ];
      const listen = [
        { address: `127.0.0.1:${port}`, proxy_protocol: frontEnd },
        { address: `127.0.0.1:${securePort}`, proxy_protocol: frontEnd, tls: 'implicit' },
      ];
      const sluice = await startSluice(ground, {
        port,
        config: {
          listen,
          receive: { relay_networks: ['127.0.0.5/32'] },
          route: [{ relay: [`127.0.0.1:${mx.port}`] }],
        },
      });
      const file = join(ground.folder('haproxy'), 'haproxy.cfg');
      writeFileSync(
        file,
        `global
  log stdout format raw local0
defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
  option log-health-checks
frontend clear
  bind 127.0.0.1:${outside}
  unique-id-format %{+X}o%pid:%rt
  default_backend clear
backend clear
  option smtpchk EHLO check.test
  server sluice 127.0.0.1:${port} ${header} check check-send-proxy inter 500
frontend secure
  bind 127.0.0.1:${outsideSecure}
  unique-id-format %{+X}o%pid:%rt
  default_backend secure
backend secure
  server sluice 127.0.0.1:${securePort} ${header}
`,
      );
      const haproxy = ground.start('haproxy', '/usr/sbin/haproxy', ['-db', '-f', file]);
      await haproxy.line(/Health check for server clear\/sluice succeeded/u);

      assert.match(await swaks(ground, outside, [0]), /250 2\.0\.0 /u);
      assert.match(await swaks(ground, outsideSecure, [0], '--tlsc'), /250 2\.0\.0 /u);
      const [clear, secure] = await sluice.logged('received', 2);
      for (const line of [clear, secure]) {
        assert.deepEqual([line?.['client'], line?.['frontEnd']], ['127.0.0.5', '127.0.0.1']);
      }
      assert.match(String(secure?.['tlsVersion']), /^TLSv1\./u);
      await mx.tally.arrived(2);
      assert.match(mx.messages[0]!.content.toString(), /^Received: from client\.test \(\[127\.0\.0\.5\]\)/u);
      assert.deepEqual(
        (await sluice.whole()).filter(({ event }) => event === 'proxyHeaderFailed'),
        [],
      );
    });
  }
});

suite('HAProxy that was set up for one side alone', { skip: withoutHaproxy || withoutSwaks }, () => {
  /** HAProxy in front of a Sluice, with these words for its server. */
  const between = async (t: TestContext, proxyProtocol: readonly string[], header: string) => {
    const ground = Ground.of(t);
    const [port, outside] = [await freePort(), await freePort()];
    const listen = [{ address: `127.0.0.1:${port}`, proxy_protocol: proxyProtocol }];
    const sluice = await startSluice(ground, { port, config: { listen } });
    const file = join(ground.folder('haproxy'), 'haproxy.cfg');
    writeFileSync(
      file,
      `defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen smtp
  bind 127.0.0.1:${outside}
  server sluice 127.0.0.1:${port} ${header}
`,
    );
    const haproxy = ground.start('haproxy', '/usr/sbin/haproxy', ['-db', '-f', file]);
    await listening(haproxy, outside);
    return { ground, sluice, outside };
  };

  test('without a header that Sluice waits for: the log and sluice status say it', async (t) => {
    const { ground, outside, sluice } = await between(t, frontEnd, '');
    await Promise.all([1, 2, 3].map(() => swaks(ground, outside, [6, 28])));
    const [failed] = await sluice.logged('proxyHeaderFailed', 3);
    assert.equal(failed?.['frontEnd'], '127.0.0.1');
    assert.match(String(failed?.['reason']), /no byte of it came within 5 s/u);
    const status = await until('a warning', async () => {
      const text = await sluice.cli('status');
      return text.includes('3 proxyHeaderFailed') && text.includes('sends no proper PROXY header') && text;
    });
    assert.match(status, /The load balancer 127\.0\.0\.1 sends no proper PROXY header to 127\.0\.0\.1:\d+/u);
  });

  for (const header of ['send-proxy', 'send-proxy-v2']) {
    test(`with a ${header} that Sluice does not expect: the log says it, with the address`, async (t) => {
      const { ground, outside, sluice } = await between(t, [], header);
      // In version 2, two empty lines come first, and swaks takes the reply to them for that to its EHLO.
      await swaks(ground, outside, [6, 21, 22, 28]);
      const [rejected] = await sluice.logged(({ reply }) =>
        String(reply).includes('No PROXY header is taken'),
      );
      assert.equal(rejected?.['client'], '127.0.0.1');
    });
  }
});

suite('swaks as a front end', { skip: withoutSwaks }, () => {
  test('by XCLIENT the client is another one, who may relay or not', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const port = await freePort();
    const sluice = await startSluice(ground, {
      port,
      config: {
        listen: [{ address: `127.0.0.1:${port}`, xclient: ['127.0.0.5/32'] }],
        receive: { relay_networks: ['198.51.100.0/24'] },
        route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      },
    });
    const facts = ['--xclient-name', 'c.client.test', '--xclient-helo', 'c', '--xclient-proto', 'ESMTP'];
    const asked = await swaks(ground, port, [0], '--xclient-addr', '198.51.100.7', ...facts);
    assert.match(asked, /<- {2}220 sluice\.test/u);
    const [line] = await sluice.logged('received');
    assert.deepEqual(
      [line?.['client'], line?.['frontEnd'], line?.['helo']],
      ['198.51.100.7', '127.0.0.5', 'c'],
    );
    const stranger = await swaks(ground, port, [24], '--xclient-addr', '203.0.113.7');
    assert.match(stranger, /<\*\* 550 5\.7\.1 /u);
    const silent = await swaks(ground, port, [23]);
    assert.match(silent, /<\*\* 503 5\.5\.1 Say XCLIENT/u);
  });
});

suite('Postfix as a front end', { skip: withoutPostfix() }, () => {
  test('by XFORWARD the log has the client of Postfix and its queue id', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const port = await freePort();
    const sluice = await startSluice(ground, {
      port,
      config: {
        listen: [{ address: `127.0.0.1:${port}`, xforward: frontEnd }],
        route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      },
    });
    const postfix = await startPostfix(ground, 'postfix', {
      main: { relayhost: `[127.0.0.1]:${port}`, smtp_send_xforward_command: 'yes' },
    });
    await send(postfix.port, { from: 'a@client.test', to: ['b@far.test'], content: `${head}\r\nHello\r\n` });
    const [line] = await sluice.logged('received');
    await mx.tally.arrived(1);
    assert.equal(line?.['client'], '127.0.0.1');
    assert.equal(line?.['forwardedClient'], '127.0.0.1');
    assert.equal(line?.['forwardedProtocol'], 'ESMTP');
    // Its client is in Postfix's `mynetworks`.
    assert.equal(line?.['forwardedSource'], 'LOCAL');
    const id = String(line?.['forwardedId']);
    await until('Postfix logs this id', () => postfix.log().includes(`${id}: client=`));
  });
});
