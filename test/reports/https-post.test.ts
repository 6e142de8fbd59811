// Reports by HTTPS: certificates are checked, redirects are bounded, and no record of a stranger leads into networks of our own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createSecureContext } from 'node:tls';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import { postReport } from '../../src/reports/https-post.ts';
import { isPublicAddress } from '../../src/values/public-address.ts';
import { makeAuthority } from '../support/certificates.ts';

const authority = makeAuthority();

interface Choice {
  /** Names of the certificate. */
  readonly names?: readonly string[];
  readonly mayBePrivate?: boolean;
  readonly addresses?: readonly string[];
  readonly signal?: AbortSignal;
}

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function ground(t: TestContext, handle: Handler, choice: Choice = {}) {
  const { names = ['hook.test'], mayBePrivate = true, addresses = ['127.0.0.1'], signal } = choice;
  const leaf = authority.issue({ names });
  const asked: string[] = [];
  const server: Server = createServer({ cert: leaf.chain, key: leaf.key }, (request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['content-type']}`);
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => handle(request, response, body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const timers = new VirtualTimers();
  const post = (path = '/') =>
    postReport(`https://hook.test:${port}${path}`, 'application/tlsrpt+gzip', Buffer.from('report'), {
      resolver: {
        addresses: (_host, family) =>
          Promise.resolve(
            family === 4
              ? { kind: 'found', records: addresses, ttlSeconds: 1, authenticated: false, canonicalName: '' }
              : { kind: 'nodata', ttlSeconds: 1, authenticated: false },
          ),
      },
      ipv4: true,
      ipv6: true,
      timers,
      secureContext: () => Promise.resolve(createSecureContext({ ca: authority.certificate })),
      mayBePrivate,
      deadlineMs: 60_000,
      signal,
    });
  return { post, asked, timers, port };
}

test('a report is the body of a POST, and any 2xx is an answer', async (t) => {
  const bodies: string[] = [];
  const { post, asked } = await ground(t, (_request, response, body) => {
    bodies.push(body);
    response.writeHead(201).end('thanks');
  });
  assert.deepEqual(await post('/in?a=b'), { kind: 'sent', status: 201 });
  assert.deepEqual(asked, ['POST /in?a=b application/tlsrpt+gzip']);
  assert.deepEqual(bodies, ['report']);
});

for (const status of [400, 404, 500, 503, 301, 302, 303]) {
  test(`an answer of ${status} is tried again later`, async (t) => {
    const { post, asked } = await ground(t, (_request, response) =>
      response.writeHead(status, { location: '/other' }).end(),
    );
    const posted = await post();
    assert.ok(posted.kind === 'later');
    assert.match(posted.reason, new RegExp(`it answered ${status}$`));
    assert.equal(asked.length, 1);
  });
}

test('redirects that keep the method are followed, three at most', async (t) => {
  const { post, asked } = await ground(t, (request, response) => {
    const hops = Number(request.url?.slice(1));
    if (hops === 0) response.writeHead(200).end();
    else response.writeHead(hops % 2 === 0 ? 307 : 308, { location: `/${hops - 1}` }).end();
  });
  assert.deepEqual(await post('/3'), { kind: 'sent', status: 200 });
  assert.equal(asked.length, 4);
  assert.match(JSON.stringify(await post('/4')), /redirected more than 3 times/);
});

for (const location of [
  'http://hook.test/',
  'https://127.0.0.1/',
  'https://u:p@hook.test/',
  'file:///etc/passwd',
  '',
])
  test(`a redirect to ${location === '' ? 'nowhere' : location} is not followed`, async (t) => {
    const { post, asked } = await ground(t, (_request, response) =>
      response.writeHead(307, { location }).end(),
    );
    assert.match(JSON.stringify(await post()), location === '' ? /redirect/ : /which is no page of HTTPS/);
    assert.ok(asked.length <= 4);
  });

test('a certificate for another name gets no report', async (t) => {
  const { post, asked } = await ground(t, (_request, response) => response.end(), { names: ['other.test'] });
  assert.equal((await post()).kind, 'later');
  assert.deepEqual(asked, []);
});

test('an address of a private network is not connected to, unless that is allowed', async (t) => {
  const { post, asked } = await ground(t, (_request, response) => response.end(), { mayBePrivate: false });
  assert.match(JSON.stringify(await post()), /not of the public internet/);
  assert.deepEqual(asked, []);
});

test('a server that never answers is given up after the deadline, or at a stop', async (t) => {
  const waits = Promise.withResolvers<void>();
  const { post, timers } = await ground(t, () => waits.resolve());
  const posted = post();
  await waits.promise;
  await timers.pass(60_000);
  assert.match(JSON.stringify(await posted), /no answer within 60 seconds/);
  const stopping = new AbortController();
  const again = await ground(t, () => stopping.abort(new Error('Sluice stops')), { signal: stopping.signal });
  assert.match(JSON.stringify(await again.post()), /Sluice stops/);
});

test('which addresses are public', () => {
  for (const address of ['8.8.8.8', '93.184.215.14', '2606:4700::1111', '::ffff:8.8.8.8'])
    assert.ok(isPublicAddress(address), address);
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '240.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fc00::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'ff02::1',
    'x',
  ])
    assert.ok(!isPublicAddress(address), address);
});
