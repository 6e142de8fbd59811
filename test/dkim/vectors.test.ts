// Messages that others have signed, with their keys: the examples of RFC 6376 and RFC 8463, and real mail.

import assert from 'node:assert/strict';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { crlf, ed25519Key, type Keys, resultsOf, signMessage, verifyMessage } from './support.ts';

const folder = new URL('../../../shared/suites/dkim/', import.meta.url);
const skip = existsSync(folder) ? false : 'the vectors in ../shared/suites/dkim are not there';

function read(name: string): Buffer {
  return readFileSync(new URL(name, folder));
}

function text(name: string): string {
  return read(name).toString('latin1').trim();
}

/** A file of keys, an empty line, and a message. */
function mailAuth(name: string): [Buffer, Keys] {
  const file = read(`mail-auth/${name}`).toString('latin1');
  const end = file.indexOf('\n\n');
  const keys = file
    .slice(0, end)
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]);
  return [crlf(file.slice(end + 2)), Object.fromEntries(keys) as Keys];
}

const footballKeys = (): Keys => {
  const zone = JSON.parse(text('rfc8463/dns.json')) as Record<string, { TXT: string[][] }>;
  return Object.fromEntries(
    Object.entries(zone).map(([name, { TXT }]) => [name, TXT.map((strings) => strings.join(''))]),
  );
};

test('the two signatures of RFC 8463 appendix A pass', { skip }, () => {
  const { signatures } = verifyMessage(crlf(read('rfc8463/signed.eml')), footballKeys());
  assert.deepEqual(
    signatures.map(({ result, domain, selector, identity, algorithm, signature }) => [
      result,
      domain,
      selector,
      identity,
      algorithm,
      signature,
    ]),
    [
      ['pass', 'football.example.com', 'brisbane', '@football.example.com', 'ed25519-sha256', '/gCrinpc'],
      ['pass', 'football.example.com', 'test', '@football.example.com', 'rsa-sha256', 'F45dVWDf'],
    ],
  );
  assert.deepEqual(resultsOf(crlf(read('mimekit/rfc8463-example.msg')), footballKeys()), ['pass', 'pass']);
});

for (const name of ['001.txt', '002.txt', '003.txt', '004.txt', '006.txt']) {
  test(`the signatures of mail-auth/${name} pass`, { skip }, () => {
    const [message, keys] = mailAuth(name);
    const results = resultsOf(message, keys);
    assert.ok(results.length > 0);
    assert.deepEqual(
      results,
      results.map(() => 'pass'),
    );
    const changed = Buffer.from(message.toString('latin1').replace(/Subject: ./i, 'Subject: %'), 'latin1');
    assert.ok(resultsOf(changed, keys).includes('fail'), 'a changed subject is noticed');
    const added = Buffer.concat([message, Buffer.from('more\r\n')]);
    assert.deepEqual(
      resultsOf(added, keys),
      results.map(() => 'fail'),
    );
  });
}

test('a signature passes until it expires', { skip }, () => {
  const [message, keys] = mailAuth('005.txt');
  assert.deepEqual(resultsOf(message, keys, 1_667_930_064), ['pass']);
  assert.deepEqual(resultsOf(message, keys, 1_667_930_065), ['fail']);
});

test('signatures that dkimpy, Exim and Gmail made pass', { skip }, () => {
  const keys: Keys = {
    ...footballKeys(),
    'sed._domainkey.test.ex': text('dkimpy/eximtest.dns'),
    'test._domainkey.example.com': text('dkimpy/test.txt'),
    'brisbane._domainkey.example.com': footballKeys()['brisbane._domainkey.football.example.com']!,
    '20120113._domainkey.gmail.com': `p=${text('mimekit/gmail.pub').replaceAll(/-----[A-Z ]+-----|\s/g, '')}`,
  };
  assert.deepEqual(resultsOf(crlf(read('dkimpy/rfc6376.signed.msg')), keys), ['pass', 'pass']);
  assert.deepEqual(resultsOf(crlf(read('dkimpy/ed25519test2.msg')), keys), ['pass']);
  for (const name of ['gmail.msg', 'multipart-no-end-boundary.msg', 'related.msg'])
    assert.deepEqual(resultsOf(crlf(read(`mimekit/${name}`)), keys), ['pass'], name);
});

test('what is signed with the published key pairs verifies with them', { skip }, () => {
  const pairs: [KeyObject, string][] = [
    [createPrivateKey(read('dkimpy/test.private')), text('dkimpy/test.txt')],
    [createPrivateKey(read('dkimpy/test2.private')), text('dkimpy/test2.txt')],
    [
      createPrivateKey(read('mimekit/example.pem')),
      /"(v=.*)\)/s.exec(text('mimekit/example.bind9'))![1]!.replaceAll(/["\s]+/g, ''),
    ],
    [ed25519Key(Buffer.from(text('dkimpy/ed25519test.key'), 'base64')), text('dkimpy/ed25519test.dns')],
    [
      ed25519Key(Buffer.from(text('rfc8463/private-ec.key'), 'base64')),
      `k=ed25519; p=${text('rfc8463/dns.json').match(/ed25519; p=([^"]+)/)![1]}`,
    ],
  ];
  for (const name of [
    'test.message',
    'test2.message',
    'rfc6376.msg',
    'test_extra.message',
    'ed25519test.msg',
  ]) {
    const message = crlf(read(`dkimpy/${name}`));
    for (const [key, record] of pairs) {
      const signed = signMessage(message, key, { domain: 'example.com', selector: 's' });
      // One of them has a signature of an unknown key already.
      const [ours] = resultsOf(signed, { 's._domainkey.example.com': record });
      assert.equal(ours, 'pass', `${name} ${record}`);
    }
  }
});

test('key records that must be refused are permanent errors', { skip }, () => {
  const key = createPrivateKey(read('dkimpy/test.private'));
  const signed = signMessage(crlf(read('dkimpy/test.message')), key, {
    domain: 'example.com',
    selector: 's',
  });
  const reasons = ['test_bad', 'badk', 'badversion', 'test_tlsrpt'].map((name) => {
    const { signatures } = verifyMessage(signed, { 's._domainkey.example.com': text(`dkimpy/${name}.txt`) });
    assert.equal(signatures[0]!.result, 'permerror', name);
    return signatures[0]!.reason;
  });
  assert.deepEqual(reasons, [
    'the key cannot be read',
    'the key is not of the type rsa',
    'the key record does not begin with v=DKIM1',
    'the key is not meant for mail',
  ]);
});
