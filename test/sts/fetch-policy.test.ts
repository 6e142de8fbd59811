// Fetching policy files from real HTTPS servers with an authority of their own (RFC 8461 3.3).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { createSecureContext } from 'node:tls';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import { fetchPolicy } from '../../src/sts/fetch-policy.ts';
import { type Leaf, makeAuthority } from '../support/certificates.ts';

const authority = makeAuthority();
const secureContext = createSecureContext({ ca: [authority.certificate] });
const policyText = 'version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 86400\n';
const addresses = [{ address: '127.0.0.1', family: 4 }];

async function served(
  t: TestContext,
  answer: RequestListener,
  leaf = authority.issue({ names: ['mta-sts.example.com'] }),
) {
  const timers = new VirtualTimers();
  const server = createServer({ cert: leaf.chain, key: leaf.key }, answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const fetch = (domain = 'example.com') =>
    fetchPolicy(domain, addresses, { timers, secureContext, port, deadlineMs: 60_000 });
  return { timers, server, fetch };
}

suite('the policy file', () => {
  test('is asked for by its name, and read', async (t) => {
    const asked: unknown[] = [];
    const { fetch } = await served(t, (request, response) => {
      const { servername } = request.socket as unknown as { servername: string };
      asked.push([request.method, request.url, request.headers.host?.replace(/:\d+$/, ''), servername]);
      response.writeHead(200, { 'content-type': 'text/plain' }).end(policyText);
    });
    assert.deepEqual(await fetch(), {
      kind: 'fetched',
      policy: { kind: 'policy', mode: 'enforce', mx: ['mx.example.com'], maxAgeSeconds: 86_400 },
    });
    assert.deepEqual(asked, [
      ['GET', '/.well-known/mta-sts.txt', 'mta-sts.example.com', 'mta-sts.example.com'],
    ]);
  });

  test('is read without a content type, too', async (t) => {
    const { fetch } = await served(t, (_, response) => void response.end(policyText));
    assert.equal((await fetch()).kind, 'fetched');
  });

  const refusals: readonly (readonly [string, RequestListener, string, RegExp])[] = [
    [
      '404',
      (_, response) => void response.writeHead(404).end(policyText),
      'sts-policy-fetch-error',
      /answered 404/u,
    ],
    [
      'a redirect',
      (_, response) => void response.writeHead(302, { location: '/elsewhere' }).end(),
      'sts-policy-fetch-error',
      /redirects are not followed/u,
    ],
    [
      'a web page',
      (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      'sts-policy-fetch-error',
      /a web page/u,
    ],
    [
      'more than 64 KiB',
      (_, response) => void response.end(policyText + 'x: y\n'.repeat(20_000)),
      'sts-policy-fetch-error',
      /larger than/u,
    ],
    [
      'the end in the middle',
      (_, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write(policyText, () => response.destroy());
      },
      'sts-policy-fetch-error',
      /middle|aborted/u,
    ],
    [
      'other bytes than UTF-8',
      (_, response) => void response.end(Buffer.from([0xff])),
      'sts-policy-invalid',
      /UTF-8/u,
    ],
    [
      'an invalid policy',
      (_, response) => void response.end('version: STSv1\n'),
      'sts-policy-invalid',
      /mode/u,
    ],
  ];
  for (const [what, answer, result, reason] of refusals) {
    test(`${what} is no policy`, async (t) => {
      const { fetch } = await served(t, answer);
      const fetched = await fetch();
      assert.ok(fetched.kind === 'failed');
      assert.equal(fetched.result, result);
      assert.match(fetched.reason, reason);
    });
  }
});

suite('the certificate of the policy host', () => {
  const answer: RequestListener = (_, response) => void response.end(policyText);
  const names = ['mta-sts.example.com'];
  const wrong: readonly (readonly [which: string, leaf: Leaf, reason: RegExp])[] = [
    [
      'for another name',
      authority.issue({ names: ['www.example.com'] }),
      /: the certificate is not for mta-sts\.example\.com, but for DNS:www\.example\.com$/u,
    ],
    [
      'of an unknown authority',
      makeAuthority().issue({ names }),
      /: the certificate is from no trusted authority, .*\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)$/u,
    ],
    [
      'that has expired',
      authority.issue({ names, from: 0, until: 86_400_000 }),
      /: a certificate of the chain has expired \(CERT_HAS_EXPIRED\)$/u,
    ],
  ];
  for (const [which, leaf, reason] of wrong) {
    test(`${which} is refused, with the reason in words`, async (t) => {
      const { fetch } = await served(t, answer, leaf);
      const fetched = await fetch();
      assert.ok(fetched.kind === 'failed');
      assert.equal(fetched.result, 'sts-webpki-invalid', fetched.reason);
      assert.match(fetched.reason, reason);
    });
  }
});

test('a server that is silent is given up at the deadline', async (t) => {
  const { timers, server, fetch } = await served(t, () => undefined);
  const fetching = fetch();
  await once(server, 'request');
  await timers.pass(60_000);
  const fetched = await fetching;
  assert.ok(fetched.kind === 'failed' && fetched.result === 'sts-policy-fetch-error');
  assert.match(fetched.reason, /within 60 seconds/u);
});

test('a server that never ends its answer is given up at the deadline', async (t) => {
  const { timers, server, fetch } = await served(t, (_, response) => void response.write(policyText));
  const fetching = fetch();
  await once(server, 'request');
  await timers.pass(60_000);
  assert.equal((await fetching).kind, 'failed');
});

test('nobody at the address is a failed fetch', async () => {
  const timers = new VirtualTimers();
  const options = { timers, secureContext, port: 1, deadlineMs: 60_000 };
  const fetched = await fetchPolicy('example.com', addresses, options);
  assert.ok(fetched.kind === 'failed' && fetched.result === 'sts-policy-fetch-error');
});
