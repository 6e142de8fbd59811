// `sluice tls check`: what it finds out about a server from outside, and which problems it names.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import { startDnsServer } from '../../sim/dns/dns-server.ts';
import { type Leaf, makeAuthority, selfSigned } from '../support/certificates.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

const authority = makeAuthority({ name: 'Test Root' });
const dayMs = 86_400_000;

/** For each session under TLS that the client has ended: how many replies it has not waited for. */
const ended: number[] = [];

interface ServerChoice {
  readonly leaf: Leaf;
  readonly implicit?: boolean;
  /** Its replies to the greeting, EHLO and STARTTLS. */
  readonly replies?: readonly string[];
  /** Its replies under TLS. */
  readonly underTls?: readonly string[];
  readonly context?: SecureContextOptions;
  /** It breaks the connection when a client hello is longer than this. */
  readonly longestHello?: number;
}

const usual = ['220 mx.test ESMTP\r\n', '250-mx.test\r\n250-SIZE\r\n250 STARTTLS\r\n', '220 Go ahead\r\n'];

const polite = ['250 mx.test\r\n', '221 Bye\r\n'];

/** A mail server that can do no more than TLS. */
async function serve(
  t: TestContext,
  { leaf, implicit = false, replies = usual, underTls = polite, context, longestHello }: ServerChoice,
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    const secure = (): void => {
      const secureContext = createSecureContext({ cert: leaf.chain, key: leaf.key, ...context });
      const secured = new TLSSocket(socket, { isServer: true, secureContext });
      secured.on('error', () => undefined);
      if (implicit) secured.write('220 mx.test ESMTP\r\n');
      const rest = [...underTls];
      secured.on('data', () => secured.write(rest.shift() ?? ''));
      secured.on('end', () => ended.push(rest.length));
    };
    if (implicit) {
      secure();
      return;
    }
    const [greeting = '', ...rest] = replies;
    socket.write(greeting);
    const answer = (): void => {
      socket.write(rest.shift() ?? '');
      if (rest.length > 0) return;
      socket.off('data', answer);
      if (longestHello === undefined) {
        secure();
        return;
      }
      // As a firewall does that does not understand it.
      socket.once('data', (hello: Buffer) => {
        socket.pause();
        socket.unshift(hello);
        if (hello.length > longestHello) socket.destroy();
        else secure();
      });
    };
    socket.on('data', answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

/** The environment in which the test's authority is known. */
function trusting(t: TestContext): NodeJS.ProcessEnv {
  const file = join(temporaryFolder(t, 'tls-check').path, 'root.pem');
  writeFileSync(file, authority.certificate);
  return { NODE_EXTRA_CA_CERTS: file };
}

test('a server in order: session, chain, names, dates and the TLSA record are shown', async (t) => {
  const leaf = authority.intermediate('Test Middle').issue({ names: ['mx.test', '*.example.net'] });
  const port = await serve(t, { leaf });
  const args = ['tls', 'check', `127.0.0.1:${port}`, '--name', 'mx.test'];
  const { code, stdout, stderr } = await sluice(args, { env: trusting(t) });
  assert.equal(stderr, '');
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^127\\.0\\.0\\.1:${port}, STARTTLS\\n`, 'u'));
  assert.match(stdout, /session {4}TLSv1\.3, TLS_AES_256_GCM_SHA384/u);
  assert.match(stdout, /Certificate 1, mx\.test\n {2}names {6}mx\.test, \*\.example\.net\n/u);
  assert.match(stdout, /issued by {2}Test Middle\n/u);
  assert.match(stdout, new RegExp(`TLSA {7}3 1 1 ${leaf.keyFingerprint}\n`, 'u'));
  assert.match(stdout, /Certificate 2, Test Middle\n/u);
  assert.match(stdout, /No problem found\.\n$/u);
  assert.deepEqual(ended, [0]);
});

test('TLS before the greeting is looked at, too, and programs get JSON', async (t) => {
  const leaf = authority.issue({ names: ['mx.test'] });
  const port = await serve(t, { leaf, implicit: true });
  const args = ['tls', 'check', `smtps://127.0.0.1:${port}`, '--name', 'mx.test', '--json'];
  const { code, stdout } = await sluice(args, { env: trusting(t) });
  assert.equal(code, 0);
  const { certificates, problems, version } = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual([problems, version], [[], 'TLSv1.3']);
  assert.equal((certificates as readonly { fingerprint: string }[])[0]?.fingerprint, leaf.fingerprint);
});

test('each fault of a certificate is a problem, and the exit code is 1', async (t) => {
  const env = trusting(t);
  const now = Date.now();
  const cases: readonly (readonly [leaf: Leaf, problem: RegExp])[] = [
    [authority.issue({ names: ['other.test'] }), /^Problem: the certificate is not for mx\.test\.$/mu],
    [
      selfSigned({ names: ['mx.test'] }),
      /^Problem: the certificate is signed by itself \(DEPTH_ZERO_SELF_SIGNED_CERT\)\.$/mu,
    ],
    [
      makeAuthority().issue({ names: ['mx.test'] }),
      /^Problem: the certificate is from no trusted authority, .*\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)\.$/mu,
    ],
    [
      authority.issue({ names: ['mx.test'], from: now - 9 * dayMs, until: now - dayMs }),
      /^Problem: a certificate of the chain has expired \(CERT_HAS_EXPIRED\)\.$/mu,
    ],
    [
      authority.issue({ names: ['mx.test'], until: now + 3 * dayMs }),
      /^Problem: the certificate expires on 2\d{3}-/mu,
    ],
  ];
  for (const [leaf, problem] of cases) {
    const port = await serve(t, { leaf });
    const { code, stdout } = await sluice(['tls', 'check', `127.0.0.1:${port}`, '--name', 'mx.test'], {
      env,
    });
    assert.equal(code, 1);
    assert.match(stdout, problem);
    assert.equal(stdout.match(/^Problem/gmu)?.length, 1, stdout);
  }
});

test('a server without a session under TLS is an error that says at which step', async (t) => {
  const leaf = selfSigned();
  const withReplies = async (...replies: readonly string[]): Promise<string> => {
    const port = await serve(t, { leaf, replies });
    const { code, stderr } = await sluice(['tls', 'check', `127.0.0.1:${port}`]);
    assert.equal(code, 1);
    return stderr;
  };
  const [greeting = '', hello = '', go = ''] = usual;
  const failed = /^TLS_CHECK_FAILED: Looking at the TLS of 127\.0\.0\.1:\d+, while asking for STARTTLS: /u;
  assert.match(await withReplies(greeting, '250 mx.test\r\n'), failed);
  assert.match(await withReplies(greeting, '250 mx.test\r\n'), /the server does not offer STARTTLS/u);
  assert.match(await withReplies(greeting, hello, '454 Not now\r\n'), /its reply to STARTTLS is 454/u);
  assert.match(
    await withReplies(greeting, hello, `${go}250 injected\r\n`),
    /sent something in clear behind its reply/u,
  );
  assert.match(await withReplies('nonsense\r\n', ''), /its greeting has a line that is not an SMTP reply/u);
});

test('a host that cannot be understood is an error of the command line', async () => {
  const { code, stderr } = await sluice(['tls', 'check', 'mx.test:99999']);
  assert.equal(code, 64);
  assert.match(stderr, /^TLS_CHECK_HOST: Which host\? /u);
});

test('a host that refuses the connection, and a port without TLS, are told with what to look at', async (t) => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, 'close');
  const refused = await sluice(['tls', 'check', `127.0.0.1:${port}`]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    new RegExp(
      `^TLS_CHECK_FAILED: .*, while connecting: the connection was refused: nothing listens on port ${port}`,
      'u',
    ),
  );
  assert.match(refused.stderr, /See that the mail server runs and listens on this address and port/u);
  const clear = await serve(t, { leaf: selfSigned() });
  const mistaken = await sluice(['tls', 'check', `smtps://127.0.0.1:${clear}`]);
  assert.match(mistaken.stderr, /the server does not begin with TLS \(wrong version number\)/u);
  assert.match(
    mistaken.stderr,
    new RegExp(`If it offers STARTTLS on this port, write 127\\.0\\.0\\.1:${clear}\\.`, 'u'),
  );
});

const oddServers: readonly (readonly [string, Omit<ServerChoice, 'leaf'>, RegExp])[] = [
  [
    'EHLO is refused under TLS',
    { underTls: ['502 no\r\n', '250 mx.test\r\n', '221 Bye\r\n'] },
    /^Problem: under TLS it answers EHLO with 502, and takes HELO alone\.$/mu,
  ],
  [
    'STARTTLS is answered with 250',
    { replies: ['220 mx.test\r\n', '250-mx.test\r\n250 STARTTLS\r\n', '250 ok\r\n'] },
    /^Problem: its reply to STARTTLS is 250, and RFC 3207 4 has 220 for it\.$/mu,
  ],
  [
    'a large client hello is dropped',
    { longestHello: 1_000 },
    /^Problem: only a client hello that fits into one TCP segment is answered, /mu,
  ],
  [
    'nothing newer than TLS 1.1 is spoken',
    { context: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } },
    /^Problem: only old versions, ciphers or keys are offered, which most clients refuse\.\nProblem: TLSv1\.1 must not be used any more\.$/mu,
  ],
];

for (const [what, choice, problem] of oddServers) {
  test(`a server to which mail goes all the same is shown with its problem: ${what}`, async (t) => {
    const port = await serve(t, { leaf: authority.issue({ names: ['mx.test'] }), ...choice });
    const args = ['tls', 'check', `127.0.0.1:${port}`, '--name', 'mx.test'];
    const { code, stdout, stderr } = await sluice(args, { env: trusting(t) });
    assert.equal(stderr, '');
    assert.equal(code, 1);
    assert.match(stdout, /^ {2}session {4}TLSv1/mu);
    assert.match(stdout, problem);
  });
}

test('what OpenSSL says of a broken handshake is told without the places in its source', async (t) => {
  const context = { cert: undefined, key: undefined, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' };
  const port = await serve(t, { leaf: selfSigned(), context: { ...context, maxVersion: 'TLSv1.2' } });
  const { code, stderr } = await sluice(['tls', 'check', `127.0.0.1:${port}`]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^TLS_CHECK_FAILED: .*, while shaking hands: (?:ssl\/tls|sslv3) alert handshake failure\.\n/u,
  );
});

test('with a configuration, its name servers know the host', async (t) => {
  const port = await serve(t, { leaf: authority.issue({ names: ['mx.inside.test'] }) });
  const dns = await startDnsServer({ zone: { 'mx.inside.test': { a: ['127.0.0.1'] } } });
  t.after(() => dns.close());
  const file = join(temporaryFolder(t, 'tls-check').path, 'sluice.toml');
  writeFileSync(file, `[dns]\nservers = ["127.0.0.1:${dns.port}"]\n`);
  const check = (host: string) =>
    sluice(['tls', 'check', `${host}:${port}`, '-c', file], { env: trusting(t) });
  const found = await check('mx.inside.test');
  assert.equal(found.stderr, '');
  assert.equal(found.code, 0);
  assert.match(found.stdout, /^ {2}address {4}127\.0\.0\.1$/mu);
  const missing = await check('none.inside.test');
  assert.match(missing.stderr, /while connecting: the DNS knows no address of none\.inside\.test\./u);
});
