// Log-ins by tokens: whose tokens count, as whom, for how long, and what happens when the issuer cannot be asked.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TokenCheckConfig, TokenIssuerConfig } from '../../src/config/token-issuer-config.ts';
import type { Account } from '../../src/directory/account.ts';
import type { LoginAnswer } from '../../src/directory/types.ts';
import { checkToken } from '../../src/directory/tokens/token-log-ins.ts';
import type { Users } from '../../src/directory/users.ts';
import { encode, startIssuer, type TestIssuer, testKey } from '../support/token-issuer.ts';
import { type DirectoryWorld, directoryWorld, withPassword } from './world.ts';

const key = testKey('ES256', 'one');
const joe = { user: 'joe@example.com', aliases: ['joseph@example.com'] };
/** Of all tests: a Sunday. */
const nowS = 1_900_000_000;

const keysAt = (url: string): TokenCheckConfig => ({
  kind: 'keys',
  place: { kind: 'url', url },
  algorithms: ['ES256', 'RS256', 'PS256', 'EdDSA'],
  refreshMs: 3_600_000,
});

interface Place extends DirectoryWorld {
  readonly issuer: TestIssuer;
  readonly clock: { dateS: number };
  /** A directory that takes tokens of one issuer. */
  users(settings?: Partial<TokenIssuerConfig>): Promise<Users>;
}

async function place(t: TestContext): Promise<Place> {
  const it = directoryWorld(t);
  const issuer = await startIssuer();
  it.folder.atEnd(() => issuer.close());
  issuer.set('/keys', { keys: [key.jwk] });
  const path = join(it.folder.path, 'users.jsonl');
  const records = [joe, { user: 'sue@example.net' }, { user: 'off@example.com', disabled: true }];
  writeFileSync(path, records.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const clock = { dateS: nowS };
  return {
    ...it,
    issuer,
    clock,
    users: (settings = {}) =>
      it.open([{ name: 'own', kind: 'users', path, domains: [] }], {
        date: () => clock.dateS * 1000,
        tokenIssuers: [issuerOf(issuer, settings)],
      }),
  };
}

function issuerOf(issuer: TestIssuer, settings: Partial<TokenIssuerConfig> = {}): TokenIssuerConfig {
  return {
    name: 'test',
    issuer: issuer.url,
    check: keysAt(`${issuer.url}/keys`),
    audience: ['mail'],
    claim: 'email',
    scopes: [],
    domains: [],
    leewayMs: 30_000,
    ca: undefined,
    timeoutMs: 5_000,
    ...settings,
  };
}

function claimsOf(issuer: TestIssuer, more: object = {}): object {
  return { iss: issuer.url, aud: 'mail', email: 'joe@example.com', exp: nowS + 300, iat: nowS, ...more };
}

async function logIn(users: Users, token: string, login = ''): Promise<string> {
  return shown(await users.checkToken({ login, token, client: '192.0.2.1' }));
}

function shown(answer: LoginAnswer): string {
  if (answer.kind === 'right') return answer.user.address;
  return answer.kind === 'banned' ? 'banned' : `${answer.kind}: ${answer.reason}`;
}

test('a signed token logs its user in, by any algorithm that is allowed', async (t) => {
  const it = await place(t);
  const all = (['RS256', 'PS256', 'ES256', 'EdDSA'] as const).map((name) => testKey(name, name));
  it.issuer.set('/keys', { keys: all.map(({ jwk }) => jwk) });
  const users = await it.users();
  for (const each of all) {
    const token = each.token(claimsOf(it.issuer));
    assert.equal(await logIn(users, token), 'joe@example.com');
    assert.equal(await logIn(users, token, 'JOE@example.com'), 'joe@example.com');
    assert.equal(await logIn(users, token, 'joseph@example.com'), 'joe@example.com');
  }
  assert.deepEqual(it.issuer.requests, ['GET /keys']);
});

test('a token is that of its user alone', async (t) => {
  const it = await place(t);
  const users = await it.users();
  const of = (more: object) => key.token(claimsOf(it.issuer, more));
  assert.equal(await logIn(users, of({}), 'sue@example.net'), 'wrong: the token is that of joe@example.com');
  assert.equal(await logIn(users, of({}), 'eve@example.com'), 'wrong: the token is that of joe@example.com');
  assert.equal(await logIn(users, of({ email: 'joseph@example.com' })), 'joe@example.com');
  assert.match(await logIn(users, of({ email: 'eve@example.com' })), /^wrong: .*no such user/);
  assert.match(await logIn(users, of({ email: 'off@example.com' })), /^wrong: the user may not log in/);
});

test('an address that merely leads to a user, as all of a domain may, is not the address of the user', async () => {
  const account = {
    user: { address: 'joe@example.com', aliases: ['@example.org'], senders: [] },
    credentials: [],
    isDisabled: false,
  };
  const users = {
    keyOf: (login: string) => login,
    find: () => Promise.resolve({ kind: 'account' as const, account }),
    right: ({ user }: Account) => ({ kind: 'right' as const, user }),
  };
  const naming = (name: string) => ({
    check: () => Promise.resolve({ kind: 'valid' as const, name, issuer: { isFor: () => true } }),
  });
  const asks = async (name: string, login: string) =>
    shown(await checkToken({ login, token: 'any', client: '' }, naming(name), users));
  assert.equal(await asks('joe@example.com', ''), 'joe@example.com');
  assert.match(await asks('anybody@example.org', ''), /^wrong: .*no such user/);
  assert.match(await asks('joe@example.com', 'anybody@example.org'), /^wrong: the token is that of joe/);
});

test('a token must be in time, for this service, by its issuer, and name somebody', async (t) => {
  const it = await place(t);
  const users = await it.users({ scopes: ['mail.send'] });
  const scope = 'openid mail.send';
  const of = (more: object) => logIn(users, key.token(claimsOf(it.issuer, { scope, ...more })));
  assert.equal(await of({}), 'joe@example.com');
  assert.equal(await of({ scope: undefined, scp: ['mail.send'] }), 'joe@example.com');
  assert.equal(await of({ aud: ['other', 'mail'] }), 'joe@example.com');
  assert.equal(await of({ exp: nowS - 29, nbf: nowS + 29 }), 'joe@example.com');
  assert.equal(await of({ exp: nowS - 31 }), 'wrong: the token has expired');
  for (const bad of [
    { nbf: nowS + 31 },
    { exp: undefined },
    { exp: 'tomorrow' },
    { aud: 'other' },
    { aud: undefined },
    { scope: 'openid mail.sender' },
    { scope: undefined },
    { email: undefined },
    { email: 7 },
    { email: '' },
    { email: 'joe@example.com\n' },
    { email_verified: false },
    { iss: 'https://elsewhere.example.com' },
    { iss: undefined },
  ])
    assert.match(await of(bad), /^wrong: /, JSON.stringify(bad));
});

test('whoever has not got the key of the issuer cannot make a token', async (t) => {
  const it = await place(t);
  const users = await it.users();
  const claims = claimsOf(it.issuer);
  const good = key.token(claims);
  const [head = '', , signature = ''] = good.split('.');
  const forged = [
    testKey('ES256', 'one').token(claims),
    testKey('ES256').token(claims),
    `${encode({ alg: 'none' })}.${encode(claims)}.`,
    `${encode({ alg: 'none' })}.${encode(claims)}.AAAA`,
    `${encode({ alg: 'HS256', kid: 'one' })}.${encode(claims)}.${signature}`,
    `${head}.${encode({ ...claims, email: 'sue@example.net' })}.${signature}`,
    key.token(claims, { crit: ['b64'], b64: false }),
    key.token(claims, { jwk: testKey('ES256').jwk, kid: 'other' }),
    `${good.slice(0, -4)}AAAA`,
    'no token at all',
    '..',
    `${head}.${Buffer.from('[]').toString('base64url')}.${signature}`,
  ];
  for (const token of forged) assert.match(await logIn(users, token), /^wrong: /, token);
});

test('an issuer may speak for the users of its domains only', async (t) => {
  const it = await place(t);
  const users = await it.users({ domains: [{ kind: 'exact', domain: 'example.com' }] });
  const of = (email: string) => logIn(users, key.token(claimsOf(it.issuer, { email })));
  assert.equal(await of('joe@example.com'), 'joe@example.com');
  assert.match(await of('sue@example.net'), /^wrong: .*other domains/);
});

test('log-ins by passwords do not wait for an issuer that is silent', async (t) => {
  const it = await place(t);
  const path = join(it.folder.path, 'own.jsonl');
  writeFileSync(path, `${JSON.stringify({ ...joe, password: '{PLAIN}secret' })}\n`);
  const secret = join(it.folder.path, 'secret');
  writeFileSync(secret, 'x');
  const asked = Promise.withResolvers<void>();
  it.issuer.set('/introspect', () => asked.resolve());
  const url = `${it.issuer.url}/introspect`;
  const how = { kind: 'introspection', url, clientId: 'x', cacheMs: 0 } as const;
  const check = { ...how, secret: { kind: 'file', path: secret } as const };
  const users = await it.open([{ name: 'own', kind: 'users', path, domains: [] }], {
    tokenIssuers: [issuerOf(it.issuer, { check, timeoutMs: 600_000 })],
  });
  const isOver: string[] = [];
  const all = Array.from({ length: 150 }, async (_, index) => {
    const answer = await logIn(users, `opaque${index}`);
    isOver.push(answer);
  });
  await asked.promise;
  const answer = await users.checkPassword(withPassword('joe@example.com', 'secret'));
  assert.equal(answer.kind, 'right');
  // Only those that were too many have an answer, which is that nobody can tell.
  assert.ok(isOver.length <= 50 && isOver.every((each) => each.startsWith('failing: ')));
  users.configure({ sources: [], tokenIssuers: [], defaultDomain: '', hashThreads: 1, rememberMs: 0 });
  await Promise.all(all);
  assert.deepEqual(it.troubles.list, []);
  assert.ok(isOver.every((each) => each.startsWith('failing: ')));
});

test('a certificate logs in the user whose address is in it', async (t) => {
  const it = await place(t);
  const users = await it.users();
  const of = async (names: readonly string[], login = '') =>
    shown(await users.checkCertificate({ login, names, client: '192.0.2.1' }));
  assert.equal(await of(['Joe@Example.com']), 'joe@example.com');
  assert.equal(await of(['joseph@example.com'], 'joe@example.com'), 'joe@example.com');
  assert.equal(await of(['eve@example.com', 'joe@example.com']), 'joe@example.com');
  assert.equal(await of(['sue@example.net', 'joe@example.com']), 'sue@example.net');
  assert.equal(await of(['sue@example.net', 'joe@example.com'], 'joe@example.com'), 'joe@example.com');
  assert.match(await of(['joe@example.com'], 'sue@example.net'), /^wrong: the certificate is that of joe/);
  assert.match(await of(['eve@example.com']), /^wrong: .*no such user/);
  assert.match(await of(['off@example.com']), /^wrong: the user may not log in/);
  assert.match(await of([]), /^wrong: the certificate names nobody/);
});
