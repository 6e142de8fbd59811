// The keys of an issuer: fetched once for all, again when they change, and kept while the issuer is away; what hostile or broken servers publish.

import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import type { KeyPlace } from '../../src/config/token-issuer-config.ts';
import { JsonFetcher } from '../../src/directory/tokens/fetch-json.ts';
import { HostLookups } from '../../src/directory/tokens/host-lookups.ts';
import { IssuerKeys } from '../../src/directory/tokens/issuer-keys.ts';
import { makeAuthority } from '../support/certificates.ts';
import { type Answer, startIssuer, testKey } from '../support/token-issuer.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const one = testKey('ES256', 'one');
const hourMs = 3_600_000;

interface World {
  readonly timers: VirtualTimers;
  readonly problems: (string | undefined)[];
  keys(place: KeyPlace, issuer?: string, ca?: string): IssuerKeys;
}

function world(t: TestContext): World {
  const timers = new VirtualTimers();
  const problems: (string | undefined)[] = [];
  return {
    timers,
    problems,
    keys: (place, issuer = 'https://id.example.com', ca = '') => {
      const secureContext = () => Promise.resolve(createSecureContext({ ca: [ca] }));
      const fetcher = new JsonFetcher({ timers, lookups: new HostLookups(), secureContext });
      t.after(() => fetcher.close());
      return new IssuerKeys(
        { issuer, place, refreshMs: hourMs, timeoutMs: 5_000 },
        { fetcher, nowMs: timers.nowMs, fetched: (problem) => problems.push(problem) },
      );
    },
  };
}

async function served(t: TestContext, content: object | Answer) {
  const issuer = await startIssuer();
  t.after(() => issuer.close());
  issuer.set('/keys', content);
  return { issuer, place: { kind: 'url', url: `${issuer.url}/keys` } as const };
}

/** How many keys there are, or why there are none. */
async function shown(keys: IssuerKeys): Promise<number | string> {
  const current = await keys.current();
  return current.kind === 'keys' ? current.count : current.reason;
}

test('log-ins at the same time share one fetch, and later ones need none', async (t) => {
  const { issuer, place } = await served(t, { keys: [one.jwk] });
  const keys = world(t).keys(place);
  assert.deepEqual(await Promise.all(Array.from({ length: 50 }, () => shown(keys))), Array(50).fill(1));
  assert.equal(await shown(keys), 1);
  assert.deepEqual(issuer.requests, ['GET /keys']);
});

test('keys are fetched again after a while, and nobody waits for it', async (t) => {
  const { issuer, place } = await served(t, { keys: [one.jwk] });
  const { timers, problems, keys: keysAt } = world(t);
  const keys = keysAt(place);
  assert.equal(await shown(keys), 1);
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  issuer.set('/keys', async (_, response) => {
    asked.resolve();
    await answer.promise;
    response.end(JSON.stringify({ keys: [one.jwk, testKey('RS256').jwk] }));
  });
  await timers.pass(hourMs);
  assert.equal(await shown(keys), 1);
  await asked.promise;
  answer.resolve();
  await keys.renewed();
  assert.equal(await shown(keys), 2);
  assert.equal(issuer.requests.length, 2);
  assert.deepEqual(problems, [undefined, undefined]);
});

test('a token with an unknown key has them fetched again, every ten seconds at most', async (t) => {
  const { issuer, place } = await served(t, { keys: [one.jwk] });
  const { timers, keys: keysAt } = world(t);
  const keys = keysAt(place);
  await keys.current();
  issuer.set('/keys', { keys: [one.jwk, testKey('ES256', 'two').jwk] });
  assert.equal(await keys.renewed(), undefined);
  await timers.pass(10_000);
  const renewed = await keys.renewed();
  assert.ok(renewed?.kind === 'keys');
  assert.equal(renewed.count, 2);
  for (let i = 0; i < 100; i++) assert.equal(await keys.renewed(), undefined);
  assert.equal(issuer.requests.length, 2);
});

test('while the issuer is away, known keys count for a day, and unknown ones are nobody’s fault', async (t) => {
  const { issuer, place } = await served(t, { keys: [one.jwk] });
  const { timers, keys: keysAt } = world(t);
  const keys = keysAt(place);
  await keys.current();
  issuer.set('/keys', (_, response) => void response.writeHead(503).end());
  for (const hours of [1, 11, 11]) {
    await timers.pass(hours * hourMs);
    assert.equal(await shown(keys), 1);
    const renewed = await keys.renewed();
    assert.ok(renewed?.kind === 'failing');
  }
  await timers.pass(hourMs);
  assert.match(String(await shown(keys)), /^http.*it answered 503$/);
  issuer.set('/keys', { keys: [one.jwk] });
  await timers.pass(10_000);
  assert.equal(await shown(keys), 1);
});

test('an issuer that is away from the beginning is asked every ten seconds, however many log in', async (t) => {
  const { issuer, place } = await served(t, (_, response) => void response.writeHead(500).end());
  const { timers, problems, keys: keysAt } = world(t);
  const keys = keysAt(place);
  for (let i = 0; i < 50; i++) assert.match(String(await shown(keys)), /it answered 500$/);
  assert.equal(issuer.requests.length, 1);
  await timers.pass(10_000);
  await keys.current();
  assert.equal(issuer.requests.length, 2);
  assert.equal(problems.length, 2);
});

test('an issuer that does not answer fails after its time', async (t) => {
  const asked = Promise.withResolvers<void>();
  const { place } = await served(t, () => asked.resolve());
  const { timers, keys: keysAt } = world(t);
  const keys = shown(keysAt(place));
  await asked.promise;
  await timers.pass(5_000);
  assert.match(String(await keys), /no complete answer within 5 s$/);
});

const endless: Answer = (_, response) => {
  const piece = `"${'x'.repeat(65_536)}",`;
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  response.write('{"keys":[');
  more();
};

for (const [what, content, expected] of [
  ['ten megabytes', { keys: [{ kty: 'RSA', n: 'x'.repeat(10_000_000) }] }, /larger than 524288 bytes$/],
  ['an answer without end', endless, /larger than 524288 bytes$/],
  ['no JSON', (_: unknown, response: { end(text: string): void }) => response.end('<html>'), /no JSON$/],
  [
    'a redirect',
    (_: unknown, response: { writeHead(code: number, head: object): { end(): void } }) =>
      response.writeHead(302, { location: '/elsewhere' }).end(),
    /answered 302, and redirects are not followed$/,
  ],
  ['no list of keys', { keys: 'one' }, /there are no "keys" in it$/],
  ['a list', [one.jwk], /there are no "keys" in it$/],
  [
    'no key for signatures',
    { keys: [{ ...one.jwk, use: 'enc' }, { kty: 'oct', k: 'c2VjcmV0' }, null, 7] },
    /no key that can check signatures$/,
  ],
] as const)
  test(`${what} instead of keys is told as it is`, async (t) => {
    const { place } = await served(t, content as object | Answer);
    assert.match(String(await shown(world(t).keys(place))), expected);
  });

test('hundreds of keys, and kinds that nobody knows, do no harm', async (t) => {
  const others = Array.from({ length: 500 }, (_, index) => ({ ...one.jwk, kid: `k${index}` }));
  const { place } = await served(t, { keys: [{ kty: 'NEW', kid: 'x' }, ...others, one.jwk] });
  assert.equal(await shown(world(t).keys(place)), 501);
});

test('the issuer says where its keys are, and only for itself', async (t) => {
  const { issuer } = await served(t, { keys: [one.jwk] });
  const path = '/.well-known/openid-configuration';
  const keysOf = () => shown(world(t).keys({ kind: 'discovery' }, issuer.url));
  issuer.set(path, { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` });
  assert.equal(await keysOf(), 1);
  issuer.set(path, { issuer: 'https://elsewhere.example.com', jwks_uri: `${issuer.url}/keys` });
  assert.match(String(await keysOf()), /it is about another issuer$/);
  for (const uri of [undefined, 7, 'keys', 'file:///etc/passwd']) {
    issuer.set(path, { issuer: issuer.url, jwks_uri: uri });
    assert.match(String(await keysOf()), /where the keys are|begins with https/, String(uri));
  }
});

test('over TLS, the certificate of the issuer has to be valid for its name', async (t) => {
  const authority = makeAuthority();
  const issuer = await startIssuer(authority.issue({ names: ['localhost'] }));
  const other = await startIssuer(authority.issue({ names: ['id.example.com'] }));
  t.after(() => Promise.all([issuer.close(), other.close()]));
  const keysAt = (url: string, ca: string) => {
    issuer.set('/keys', { keys: [one.jwk] });
    return shown(world(t).keys({ kind: 'url', url: `${url}/keys` }, url, ca));
  };
  assert.equal(await keysAt(issuer.url, authority.certificate), 1);
  assert.match(String(await keysAt(issuer.url, makeAuthority().certificate)), /certificate/i);
  assert.match(String(await keysAt(other.url, authority.certificate)), /altnames|certificate/i);
});

test('a file of keys is read again when it has changed, and keeps its keys while it is gone', async (t) => {
  const folder = temporaryFolder(t, 'issuer-keys');
  const path = join(folder.path, 'keys.json');
  const { timers, keys: keysAt } = world(t);
  const keys = keysAt({ kind: 'file', path });
  assert.match(String(await shown(keys)), /no such file/i);
  writeFileSync(path, JSON.stringify({ keys: [one.jwk] }));
  await timers.pass(1_000);
  assert.equal(await shown(keys), 1);
  writeFileSync(`${path}.new`, JSON.stringify({ keys: [one.jwk, testKey('RS256', 'two').jwk] }));
  renameSync(`${path}.new`, path);
  await timers.pass(1_000);
  assert.equal(await shown(keys), 2);
  rmSync(path);
  await timers.pass(1_000);
  assert.equal(await shown(keys), 2);
  writeFileSync(path, 'x'.repeat(600_000));
  await timers.pass(24 * hourMs);
  assert.match(String(await shown(keys)), /larger than 524288 bytes$/);
});
