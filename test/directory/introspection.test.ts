// Asking the issuer about tokens (RFC 7662): as whom, what its answers mean, and for how long they count.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import { JsonFetcher } from '../../src/directory/tokens/fetch-json.ts';
import { HostLookups } from '../../src/directory/tokens/host-lookups.ts';
import { Introspection, type IntrospectionSettings } from '../../src/directory/tokens/introspection.ts';
import { startIssuer, type TestIssuer } from '../support/token-issuer.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const startS = 1_900_000_000;

interface World {
  readonly issuer: TestIssuer;
  readonly timers: VirtualTimers;
  /** What was asked: the form, and who asks. */
  readonly asked: { body: string; authorization: string | undefined }[];
  readonly secretFile: string;
  readonly introspection: Introspection;
  /** Sets the answer to every question. */
  says(answer: unknown): void;
  /** The claim `sub`, or why there is none. */
  check(token: string): Promise<string>;
}

async function world(t: TestContext, settings: Partial<IntrospectionSettings> = {}): Promise<World> {
  const folder = temporaryFolder(t, 'introspection');
  const timers = new VirtualTimers();
  const issuer = await startIssuer();
  folder.atEnd(() => issuer.close());
  const fetcher = new JsonFetcher({
    timers,
    lookups: new HostLookups(),
    secureContext: () => Promise.reject(new Error('there is no TLS here')),
  });
  folder.atEnd(() => fetcher.close());
  const secretFile = join(folder.path, 'secret');
  writeFileSync(secretFile, 'a secret: with %\n');
  const introspection = new Introspection(
    {
      kind: 'introspection',
      issuer: issuer.url,
      url: `${issuer.url}/introspect`,
      clientId: 'slu ice',
      secret: { kind: 'file', path: secretFile },
      cacheMs: 60_000,
      leewayMs: 30_000,
      timeoutMs: 5_000,
      ...settings,
    },
    { fetcher, nowMs: timers.nowMs, date: () => startS * 1000 + timers.nowMs() },
  );
  const asked: World['asked'] = [];
  return {
    issuer,
    timers,
    asked,
    secretFile,
    introspection,
    says: (answer) =>
      issuer.set('/introspect', (request, response, body) => {
        asked.push({ body, authorization: request.headers.authorization });
        response.end(JSON.stringify(answer));
      }),
    check: async (token) => {
      const answer = await introspection.check(token);
      return answer.kind === 'claims' ? String(answer.claims['sub']) : `${answer.kind}: ${answer.reason}`;
    },
  };
}

test('the issuer is asked by a form, with the name and the secret of the client', async (t) => {
  const it = await world(t);
  it.says({ active: true, sub: 'joe' });
  assert.equal(await it.check('a+b/c=='), 'joe');
  const [question] = it.asked;
  assert.equal(question?.body, 'token=a%2Bb%2Fc%3D%3D&token_type_hint=access_token');
  const given = Buffer.from(question.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
  // RFC 6749 2.3.1 and appendix B.
  assert.equal(given, 'slu+ice:a+secret%3A+with+%25');
});

test('an answer counts for a while, and log-ins at the same time share a question', async (t) => {
  const it = await world(t);
  it.says({ active: true, sub: 'joe' });
  assert.deepEqual(await Promise.all([it.check('one'), it.check('one'), it.check('two')]), [
    'joe',
    'joe',
    'joe',
  ]);
  assert.equal(it.asked.length, 2);
  it.says({ active: false });
  await it.timers.pass(59_999);
  assert.equal(await it.check('one'), 'joe');
  await it.timers.pass(1);
  assert.equal(await it.check('one'), 'invalid: the issuer says that the token is not valid');
  assert.equal(it.asked.length, 3);
});

test('an answer never counts longer than the token is valid', async (t) => {
  const it = await world(t, { cacheMs: 3_600_000 });
  it.says({ active: true, sub: 'joe', exp: startS + 10 });
  assert.equal(await it.check('one'), 'joe');
  it.says({ active: false });
  await it.timers.pass(9_999);
  assert.equal(await it.check('one'), 'joe');
  await it.timers.pass(1);
  assert.match(await it.check('one'), /^invalid/);
});

test('with cache_time = "0s", the issuer is asked each time', async (t) => {
  const it = await world(t, { cacheMs: 0 });
  it.says({ active: true, sub: 'joe' });
  for (let i = 0; i < 3; i++) assert.equal(await it.check('one'), 'joe');
  assert.equal(it.asked.length, 3);
});

test('what is not active, of another issuer or out of time is invalid', async (t) => {
  const it = await world(t);
  for (const answer of [
    { active: false },
    { active: true, iss: 'https://elsewhere.example.com' },
    { active: true, exp: startS - 30 },
    { active: true, nbf: startS + 31 },
  ]) {
    it.says({ sub: 'joe', ...answer });
    assert.match(await it.check('one'), /^invalid: /, JSON.stringify(answer));
  }
});

test('an issuer that answers something else, or refuses Sluice itself, cannot tell', async (t) => {
  const it = await world(t);
  for (const answer of [{}, [], null, 7, { active: 'true' }, { error: 'x' }]) {
    it.says(answer);
    assert.match(await it.check('one'), /^failing: .*does not say whether/, JSON.stringify(answer));
  }
  it.issuer.set('/introspect', (_, response) => void response.writeHead(401).end('{"active":true}'));
  assert.match(await it.check('one'), /^failing: .*it answered 401$/);
  it.issuer.set(
    '/introspect',
    (_, response) => void response.end(`{"active":true,"x":"${'x'.repeat(70_000)}"}`),
  );
  assert.match(await it.check('one'), /^failing: .*larger than 65536 bytes$/);
});

test('an issuer that is silent fails after its time, and a hundred at once are the most', async (t) => {
  const it = await world(t);
  const [asked, refused] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let count = 0;
  it.issuer.set('/introspect', () => {
    if (++count === 100) asked.resolve();
  });
  // Which of them are too many is not promised: each reads the secret first, several at the same time.
  const answers: string[] = [];
  const all = Array.from({ length: 120 }, async (_, index) => {
    if (answers.push(await it.check(`token ${index}`)) === 20) refused.resolve();
  });
  await Promise.all([asked.promise, refused.promise]);
  assert.deepEqual(
    answers,
    Array(20).fill(`failing: ${it.issuer.url}/introspect: too many questions to it are under way`),
  );
  await it.timers.pass(5_000);
  await Promise.all(all);
  for (const answer of answers.slice(20)) assert.match(answer, /^failing: .*no complete answer within 5 s$/);
});

test('the secret is read for each question, from a file or a variable', async (t) => {
  const it = await world(t, { cacheMs: 0 });
  it.says({ active: true, sub: 'joe' });
  writeFileSync(it.secretFile, 'new');
  await it.check('one');
  assert.match(Buffer.from(it.asked[0]?.authorization?.slice(6) ?? '', 'base64').toString(), /:new$/);
  writeFileSync(it.secretFile, '\n');
  assert.match(await it.check('one'), /^failing: .*it is empty$/);
  const named = await world(t, { secret: { kind: 'environment', name: 'SLUICE_TEST_NO_SUCH_SECRET' } });
  assert.equal(
    await named.check('one'),
    'failing: there is no environment variable SLUICE_TEST_NO_SUCH_SECRET',
  );
});
