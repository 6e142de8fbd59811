// A verification with its look-ups: when keys are asked for, and what the DNS says.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { keysFromDns } from '../../src/dkim/dns-keys.ts';
import { startVerifying } from '../../src/dkim/verifier.ts';
import type { Answer } from '../../src/dns/types.ts';
import { signMessage, splitMessage } from './support.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const record = `v=DKIM1; k=ed25519; p=${publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')}`;
const form = { domain: 'example.com', selector: 's' };
const signed = signMessage(Buffer.from('From: joe@example.com\r\n\r\nHello\r\n'), privateKey, form);
const [header, body] = splitMessage(signMessage(signed, privateKey, form));

function resolverOf(answer: Answer<string>): {
  asked: string[];
  txt: (name: string) => Promise<Answer<string>>;
} {
  const asked: string[] = [];
  const txt = (name: string): Promise<Answer<string>> => {
    asked.push(name);
    return Promise.resolve(answer);
  };
  return { asked, txt };
}

async function verify(answer: Answer<string>): Promise<string[]> {
  const verifier = startVerifying(header, 1_700_000_000, keysFromDns(resolverOf(answer)));
  verifier.body(body);
  const { signatures } = await verifier.end();
  return signatures.map(({ result, reason }) => `${result} ${reason ?? ''}`.trim());
}

const found = {
  kind: 'found',
  records: [record],
  ttlSeconds: 60,
  authenticated: false,
  canonicalName: '',
} as const;

test('a key is asked for once, before the body has come', async () => {
  const resolver = resolverOf(found);
  const verifier = startVerifying(header, 1_700_000_000, keysFromDns(resolver));
  assert.deepEqual(resolver.asked, ['s._domainkey.example.com']);
  for (const byte of body) verifier.body(Buffer.from([byte]));
  const { signatures, arc } = await verifier.end();
  assert.deepEqual(
    signatures.map(({ result }) => result),
    ['pass', 'pass'],
  );
  assert.equal(arc, undefined);
});

test('a name without a record is a permanent error, a look-up that fails a temporary one', async () => {
  assert.deepEqual(await verify(found), ['pass', 'pass']);
  for (const kind of ['nodata', 'nxdomain'] as const)
    assert.deepEqual(await verify({ kind, ttlSeconds: 60, authenticated: false }), [
      'permerror no key is published for it',
      'permerror no key is published for it',
    ]);
  const failed = 'temperror the key cannot be looked up now: SERVFAIL from 192.0.2.53';
  assert.deepEqual(await verify({ kind: 'failed', reason: 'SERVFAIL from 192.0.2.53' }), [failed, failed]);
});

test('a key whose name is too long for the DNS is missing for good, and nobody is asked', async () => {
  const label = 'a'.repeat(63);
  const selector = [label, label, label, label].join('.');
  const resolver = resolverOf({ kind: 'failed', reason: 'it cannot be asked for' });
  const lookUpKey = keysFromDns(resolver);
  assert.deepEqual(await lookUpKey({ selector, domain: 'example.com' }), { kind: 'none' });
  assert.deepEqual(await lookUpKey({ selector: 's', domain: `${label}.${label}.${label}.${label}` }), {
    kind: 'none',
  });
  assert.deepEqual(resolver.asked, []);
});
