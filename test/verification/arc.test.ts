// ARC: what a chain of trusted sealers says for a message that was changed on its way, and what others cannot make out of it.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { EditableHeader } from '../../src/message/editable-header.ts';
import { vouchesFor } from '../../src/verification/arc.ts';
import { authenticationResults } from '../../src/verification/authentication-results.ts';
import type { Findings } from '../../src/verification/findings.ts';
import { MessageVerification } from '../../src/verification/message-verification.ts';
import { zoneResolver } from '../dns/zone-resolver.ts';

const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
const published = key.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');

function signed(text: string): string {
  return sign('sha256', Buffer.from(text), key.privateKey).toString('base64');
}

/** The message with the first set of a chain on top (RFC 8617 4.1). Its fields are on one line each, so that they are relaxed already. */
function sealed(from: string, body: string, results: string, tags = ''): string {
  const bodyHash = createHash('sha256').update(body).digest('base64');
  const aar = `i=1; lists.test; ${results}`;
  const ams = `i=1; a=rsa-sha256; c=relaxed/relaxed; d=lists.test; s=s; ${tags}h=from; bh=${bodyHash}; b=`;
  const amsWhole = ams + signed(`from:${from}\r\narc-message-signature:${ams}`);
  const seal = 'i=1; a=rsa-sha256; cv=none; d=lists.test; s=s; b=';
  const sealWhole =
    seal +
    signed(`arc-authentication-results:${aar}\r\narc-message-signature:${amsWhole}\r\narc-seal:${seal}`);
  return `ARC-Seal: ${sealWhole}\r\nARC-Message-Signature: ${amsWhole}\r\nARC-Authentication-Results: ${aar}\r\nFrom: ${from}\r\n\r\n`;
}

async function verify(
  header: string,
  body: string,
  trusted: readonly string[],
  nowSeconds = 0,
): Promise<Findings> {
  const resolver = zoneResolver({
    '_dmarc.sender.test': { txt: ['v=DMARC1; p=reject'] },
    's._domainkey.lists.test': { txt: [`v=DKIM1; p=${published}`] },
  });
  const session = {
    client: '192.0.2.1',
    helo: 'x.test',
    reversePath: 'list@lists.test',
    receiver: 'mx',
    nowSeconds,
  };
  const verification = new MessageVerification(session, resolver, (domain) => trusted.includes(domain));
  const { fields, strayLines } = new EditableHeader(Buffer.from(header));
  verification.header(fields, strayLines);
  verification.body(Buffer.from(body));
  return verification.end();
}

const passed = 'dmarc=pass header.from=sender.test';
const from = 'Joe <joe@sender.test>';

test('a trusted sealer vouches for a message that it has changed', async () => {
  const header = sealed(from, 'changed\r\n', passed);
  const findings = await verify(header, 'changed\r\n', ['lists.test']);
  assert.equal(findings.arc?.reason, undefined);
  assert.deepEqual(
    [findings.arc?.result, findings.arc?.vouches, findings.dmarc.result],
    ['pass', true, 'fail'],
  );
  const field = authenticationResults(findings, { authservId: 'mx', leftOut: new Set(), comment: '' });
  assert.match(
    field,
    /\tarc=pass header\.d=lists\.test;\r\n\tdmarc=fail\r\n\t \(a trusted ARC sealer says that it passed\)/,
  );
});

test('a chain whose newest signature has expired fails', async () => {
  const nowSeconds = 1_700_000_000;
  for (const [expiry, result] of [
    [nowSeconds, 'pass'],
    [nowSeconds - 1, 'fail'],
  ] as const) {
    const header = sealed(from, 'x\r\n', passed, `x=${expiry}; `);
    const { arc } = await verify(header, 'x\r\n', ['lists.test'], nowSeconds);
    assert.deepEqual([arc?.result, arc?.vouches], [result, result === 'pass']);
  }
});

test('a sealer that is not trusted, a chain that is broken, and results of others vouch for nothing', async () => {
  const header = sealed(from, 'x\r\n', passed);
  assert.equal((await verify(header, 'x\r\n', ['other.test'])).arc?.vouches, false);
  const broken = await verify(header, 'y\r\n', ['lists.test']);
  assert.deepEqual([broken.arc?.result, broken.arc?.vouches], ['fail', false]);
  for (const results of [
    'dmarc=fail header.from=sender.test',
    'dmarc=pass header.from=other.test',
    'spf=pass',
    'dmarc=pass',
  ]) {
    const findings = await verify(sealed(from, 'x\r\n', results), 'x\r\n', ['lists.test']);
    assert.deepEqual([findings.arc?.result, findings.arc?.vouches], ['pass', false], results);
  }
  const several = 'a@sender.test, b@other.test';
  assert.equal((await verify(sealed(several, 'x\r\n', passed), 'x\r\n', ['lists.test'])).arc?.vouches, false);
});

test('comments and quoted strings in the results of a sealer are not read', () => {
  const says = (authenticationResults: string): boolean =>
    vouchesFor(
      { result: 'pass', reason: undefined, sealers: ['lists.test'], authenticationResults },
      'sender.test',
      () => true,
    );
  assert.ok(says('lists.test; spf=fail; dmarc=pass (p=reject) header.from=Sender.Test'));
  assert.ok(says('lists.test (x); DMARC = pass header.from=sender.test; spf=none'));
  for (const text of [
    'lists.test; spf=fail smtp.mailfrom="; dmarc=pass header.from=sender.test"',
    'lists.test; spf=fail (; dmarc=pass header.from=sender.test)',
    'lists.test; spf=fail smtp.mailfrom="\\"; dmarc=pass header.from=sender.test"',
    'dmarc=pass header.from=sender.test',
    'lists.test; dmarc=passed header.from=sender.test',
    'lists.test; dmarc=pass header.from=sender.test.evil',
    'lists.test; dmarc=pass header.from="sender.test"',
  ]) {
    assert.equal(says(text), false, text);
  }
});
