// OAUTHBEARER and XOAUTH2: what clients send, and what they hear when a token is not taken.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Directory, TokenLogin } from '../../src/directory/types.ts';
import type { Exchange, Step } from '../../src/sasl/exchange.ts';
import { beginExchange } from '../../src/sasl/mechanisms.ts';
import { noBindings } from '../../src/sasl/scram-exchange.ts';
import { directoryOf } from './secrets.ts';

const facts = { client: '192.0.2.1', isEncrypted: true };
const hints = { scope: 'mail.send', discovery: 'https://id.example.com/.well-known/openid-configuration' };
const user = { address: 'joe@example.com', aliases: [], senders: [] };

/** Takes one token, and writes down what it was asked. */
function issuing(asked: TokenLogin[] = []): Directory {
  return {
    ...directoryOf({ login: user.address, password: 'pencil' }),
    checkToken: (login) => {
      asked.push(login);
      if (login.token === 'away') return Promise.resolve({ kind: 'failing', reason: 'the issuer is away' });
      return Promise.resolve(
        login.token === 'right'
          ? { kind: 'right', user }
          : { kind: 'wrong', reason: 'the token has expired' },
      );
    },
  };
}

function begin(name: 'OAUTHBEARER' | 'XOAUTH2', directory = issuing()): Exchange {
  return beginExchange(name, directory, facts, { bindings: noBindings, hints, certificateNames: [] });
}

async function say(name: 'OAUTHBEARER' | 'XOAUTH2', text: string, directory?: Directory): Promise<Step> {
  return begin(name, directory).respond(Buffer.from(text));
}

function explanationOf(step: Step): unknown {
  assert.ok(step.kind === 'wrong' && step.challenge !== undefined);
  return JSON.parse(Buffer.from(step.challenge).toString());
}

test('OAUTHBEARER: the name beside the token, with or without host and port', async () => {
  const asked: TokenLogin[] = [];
  const directory = issuing(asked);
  for (const text of [
    'n,a=joe@example.com,\x01host=mx.example.org\x01port=587\x01auth=Bearer right\x01\x01',
    'n,a=a=2Cb=3Dc,\x01auth=bearer right\x01\x01',
    'y,,\x01auth=Bearer right\x01\x01',
  ])
    assert.deepEqual(await say('OAUTHBEARER', text, directory), { kind: 'right', user });
  const client = '192.0.2.1';
  assert.deepEqual(asked, [
    { login: 'joe@example.com', token: 'right', client },
    { login: 'a,b=c', token: 'right', client },
    { login: '', token: 'right', client },
  ]);
});

test('XOAUTH2: the name and the token', async () => {
  const asked: TokenLogin[] = [];
  const step = await say('XOAUTH2', 'user=joe@example.com\x01auth=Bearer right\x01\x01', issuing(asked));
  assert.equal(step.kind, 'right');
  assert.deepEqual(asked, [{ login: 'joe@example.com', token: 'right', client: '192.0.2.1' }]);
});

test('without an initial response the client is asked for one', () => {
  for (const name of ['OAUTHBEARER', 'XOAUTH2'] as const)
    assert.deepEqual(begin(name).respond(undefined), { kind: 'challenge', bytes: new Uint8Array(0) });
});

test('a token that is not taken is explained in the form of the mechanism', async () => {
  assert.deepEqual(
    explanationOf(await say('OAUTHBEARER', 'n,a=joe@example.com,\x01auth=Bearer old\x01\x01')),
    {
      status: 'invalid_token',
      scope: 'mail.send',
      'openid-configuration': 'https://id.example.com/.well-known/openid-configuration',
    },
  );
  assert.deepEqual(explanationOf(await say('XOAUTH2', 'user=joe@example.com\x01auth=Bearer old\x01\x01')), {
    status: '401',
    schemes: 'bearer',
    scope: 'mail.send',
  });
});

test('a client without a token is told which one it needs, and nobody is asked', async () => {
  const asked: TokenLogin[] = [];
  const step = await say('OAUTHBEARER', 'n,a=joe@example.com,\x01auth=\x01\x01', issuing(asked));
  assert.equal((explanationOf(step) as { status: string }).status, 'invalid_token');
  assert.deepEqual(asked, []);
});

test('an issuer that is away is no wrong token', async () => {
  const step = await say('OAUTHBEARER', 'n,,\x01auth=Bearer away\x01\x01');
  assert.deepEqual(step, { kind: 'failing', reason: 'the issuer is away' });
});

test('what is no message of the mechanism is malformed', async () => {
  const bearer = [
    '',
    'n,,',
    'n,,\x01auth=Bearer right\x01',
    'n,,auth=Bearer right\x01\x01',
    'n,,\x01host=a\x01\x01',
    'n,,\x01auth=Basic right\x01\x01',
    'n,,\x01auth=Bearer right\x01auth=Bearer right\x01\x01',
    'n,,\x01auth=Bearer ri ght\x01\x01',
    'n,,\x01auth=Bearer right\0\x01\x01',
    'p=tls-exporter,,\x01auth=Bearer right\x01\x01',
    'n,a=a=b,\x01auth=Bearer right\x01\x01',
    'n,a=,\x01auth=Bearer right\x01\x01',
    `n,a=${'x'.repeat(256)},\x01auth=Bearer right\x01\x01`,
    `n,,\x01auth=Bearer ${'x'.repeat(12_288)}\x01\x01`,
  ];
  for (const text of bearer)
    assert.equal((await say('OAUTHBEARER', text)).kind, 'malformed', JSON.stringify(text.slice(0, 80)));
  for (const text of [
    '',
    'auth=Bearer right\x01\x01',
    'user=\x01auth=Bearer right\x01\x01',
    'user=joe\x01auth=Bearer right\x01',
    'user=joe\x01host=a\x01auth=Bearer right\x01\x01',
  ])
    assert.equal((await say('XOAUTH2', text)).kind, 'malformed', JSON.stringify(text));
});
