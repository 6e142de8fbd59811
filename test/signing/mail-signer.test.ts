// The side that has the keys: what it makes of files, and of keys that come, change and go.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { signingRules } from '../../src/settings/signing.ts';
import { KeyStore } from '../../src/signing/key-store.ts';
import { MailSigner } from '../../src/signing/mail-signer.ts';
import { SignatureDesk } from '../../src/signing/signature-desk.ts';
import { OutgoingMail, type SignedMail } from '../../src/signing/outgoing-mail.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { recordOf, verifyMessage } from '../dkim/support.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const rsaPem = String(rsa.privateKey.export({ format: 'pem', type: 'pkcs1' }));
const edPem = String(ed.privateKey.export({ format: 'pem', type: 'pkcs8' }));
const header = 'From: Joe <joe@example.com>\r\nSubject: x\r\n\r\n';
const body = 'Hello\r\n';

function world(t: TestContext, text: string, most?: number) {
  const { path } = temporaryFolder(t, 'signing');
  let nowMs = 0;
  const log: string[] = [];
  const say = (message: string): void => void log.push(message);
  const troubles = new Troubles();
  const rules = signingRules(parseConfig(text, join(path, 'sluice.toml')));
  const keys = new KeyStore(() => nowMs, most);
  const signer = new MailSigner(rules, {
    keys,
    desk: new SignatureDesk(),
    log: { info: say, warn: say, error: say },
    troubles,
    dateMs: () => 1_700_000_000_000,
  });
  const write = (name: string, content: string, mode = 0o600): void => {
    writeFileSync(join(path, name), content, { mode });
    chmodSync(join(path, name), mode);
  };
  const sign = (head = header): Promise<SignedMail | string> => {
    nowMs += 1_000;
    const mail = new OutgoingMail(
      { rules, signer },
      { tenant: '', user: '', reversePath: () => '', recipients: () => [] },
    );
    mail.body(Buffer.from(body));
    return mail
      .sign(Buffer.from(head), () => [Buffer.from(body)])
      .catch((error: unknown) => (error as Error).message);
  };
  return { path, log, troubles, signer, write, sign, rest: (ms: number) => (nowMs += ms) };
}

/** The results of the signatures, in order. */
function results(signed: SignedMail | string): string {
  if (typeof signed === 'string') return signed;
  if (signed.by.length === 0) return `unsigned ${signed.unsigned ?? ''}`.trim();
  const published = {
    'a._domainkey.example.com': recordOf(rsa.publicKey),
    'b._domainkey.example.com': recordOf(ed.publicKey),
    'default._domainkey.example.com': recordOf(ed.publicKey),
  };
  return verifyMessage(Buffer.concat([signed.fields, Buffer.from(header + body)]), published)
    .signatures.map(({ result, selector }) => `${selector} ${result}`)
    .join(', ');
}

const two =
  '[[signing_key]]\ndomain = ["example.com"]\nfile = "a.pem"\n[[signing_key]]\ndomain = ["example.com"]\nfile = "b.pem"\n';

test('keys in PKCS#1 and PKCS#8 form sign, and a mail without them costs no question', async (t) => {
  const { write, sign } = world(t, two);
  write('a.pem', rsaPem);
  write('b.pem', edPem, 0o640);
  assert.equal(results(await sign()), 'a pass, b pass');
  assert.deepEqual(await sign('From: joe@other.test\r\n\r\n'), {
    fields: new Uint8Array(0),
    by: [],
    unsigned: undefined,
  });
});

test('a key that cannot be used says why, and is used again when it can be', async (t) => {
  const { path, write, sign, troubles, log } = world(t, two);
  write('a.pem', rsaPem);
  const said = async (): Promise<string> => results(await sign()).replaceAll(path, '');
  assert.equal(await said(), 'signing mail: the key in /b.pem cannot be used: it does not exist');
  for (const [content, mode, reason] of [
    [edPem, 0o644, 'every user of this host may read it (chmod o-r)'],
    [edPem, 0o660, 'others than its owner may write it (chmod go-w)'],
    ['x', 0o600, 'it has no private key in PEM form (PKCS#8 or PKCS#1)'],
    [
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
      0o600,
      'its private key cannot be read',
    ],
    [`-----BEGIN ENCRYPTED PRIVATE KEY-----\n`, 0o600, 'its key is protected by a password'],
    [
      String(
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
          format: 'pem',
          type: 'pkcs8',
        }),
      ),
      0o600,
      'its key is neither RSA nor Ed25519',
    ],
    [
      String(
        generateKeyPairSync('rsa', { modulusLength: 768 }).privateKey.export({
          format: 'pem',
          type: 'pkcs8',
        }),
      ),
      0o600,
      'its RSA key has 768 bits, and only 1024 to 4096 are of use',
    ],
    ['x'.repeat(70_000), 0o600, 'it is larger than 64 KiB'],
  ] as const) {
    write('b.pem', content, mode);
    assert.equal(await said(), `signing mail: the key in /b.pem cannot be used: ${reason}`);
    assert.match(troubles.list[0]!.text, /Mail that it should sign is answered with temporary errors/);
  }
  rmSync(join(path, 'b.pem'));
  mkdirSync(join(path, 'b.pem'));
  assert.equal(await said(), 'signing mail: the key in /b.pem cannot be used: it is not a file');
  rmSync(join(path, 'b.pem'), { recursive: true });
  write('b.pem', edPem);
  assert.equal(await said(), 'a pass, b pass');
  assert.deepEqual(troubles.list, []);
  assert.match(log.at(-1)!, /can be used again/);
  for (const line of log) assert.doesNotMatch(line, /BEGIN|AAAA/);
});

test('a file is looked at once a second, and a new key is in force after that', async (t) => {
  const { write, sign, rest } = world(t, '[[signing_key]]\ndomain = ["example.com"]\nfile = "a.pem"\n');
  write('a.pem', rsaPem);
  assert.equal(results(await sign()), 'a pass');
  write('a.pem', edPem);
  rest(-500);
  const fieldsOf = (signed: SignedMail | string): string =>
    typeof signed === 'string' ? signed : Buffer.from(signed.fields).toString();
  assert.match(fieldsOf(await sign()), /a=rsa-sha256/);
  assert.match(fieldsOf(await sign()), /a=ed25519-sha256/);
});

test('a key that could not be opened for a moment is read again, although its file has not changed', async (t) => {
  const { write, sign } = world(t, '[[signing_key]]\ndomain = ["example.com"]\nfile = "a.pem"\n');
  write('a.pem', rsaPem);
  const tooMany = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
  const opening = t.mock.method(fsPromises, 'open', () => Promise.reject(tooMany));
  syncBuiltinESMExports();
  t.after(() => {
    opening.mock.restore();
    syncBuiltinESMExports();
  });
  assert.match(String(await sign()), /a\.pem cannot be used: .*too many open files/u);
  opening.mock.restore();
  syncBuiltinESMExports();
  assert.equal(results(await sign()), 'a pass');
});

test("a domain's key that cannot be reached any more is not taken for one that does not exist", async (t) => {
  const { write, sign, path } = world(t, '[[signing_key]]\nfile = "keys/%/default"\n');
  mkdirSync(join(path, 'keys'));
  assert.equal(results(await sign()), 'unsigned');
  rmSync(join(path, 'keys'), { recursive: true });
  write('keys', 'a file where the folder was');
  assert.match(String(await sign()), /keys\/example\.com\/default cannot be used/u);
});

test('with unsigned, the other keys sign, and the answer says what is missing when none does', async (t) => {
  const { path, write, sign } = world(t, two.replaceAll('file', 'when_unusable = "unsigned"\nfile'));
  write('a.pem', rsaPem);
  assert.equal(results(await sign()), 'a pass');
  rmSync(join(path, 'a.pem'));
  assert.match(results(await sign()), /^unsigned the key in .*a\.pem cannot be used: it does not exist$/);
});

test("qmail's layout: the domain's file with or without .private, and no key for a domain without one", async (t) => {
  const { path, write, sign, troubles } = world(t, '[[signing_key]]\nfile = "domainkeys/%/default"\n');
  mkdirSync(join(path, 'domainkeys/example.com'), { recursive: true });
  assert.equal(results(await sign()), 'unsigned');
  write('domainkeys/example.com/default.private', edPem);
  assert.equal(results(await sign()), 'default pass');
  write('domainkeys/example.com/default', rsaPem);
  assert.equal(results(await sign()), 'default permerror', 'the file without an ending comes first');
  assert.equal(results(await sign('From: joe@other.test\r\n\r\n')), 'unsigned');
  assert.deepEqual(troubles.list, []);
});

test('only as many keys are kept as are wanted', async (t) => {
  const { path, write, sign } = world(t, '[[signing_key]]\nfile = "%.pem"\nselector = "default"\n', 2);
  for (const domain of ['a.test', 'b.test', 'example.com']) write(`${domain}.pem`, edPem);
  for (const domain of ['a.test', 'b.test', 'example.com', 'a.test'])
    assert.notEqual(results(await sign(`From: joe@${domain}\r\n\r\n`)), 'unsigned', path);
});

test('a message without From, or of which the other side knows another body, is not signed', async (t) => {
  const { write, signer } = world(t, two);
  write('a.pem', rsaPem);
  write('b.pem', edPem);
  const request = {
    author: 'example.com',
    tenant: '',
    user: '',
    routes: [],
    header: 'Subject: x\r\n',
    bodyHashes: {},
  };
  assert.deepEqual(await signer.sign(request), { kind: 'unsigned', reason: 'it has no From field' });
  assert.equal((await signer.sign({ ...request, header })).kind, 'failing');
});

test('the body is read again for a key with DomainKeys only, and a digest is signed with no other key', async (t) => {
  const origin = { tenant: '', user: '', reversePath: () => '', recipients: () => [] };
  for (const [more, times] of [
    ['', 0],
    ['domainkeys = true\n', 1],
  ] as const) {
    const text = `[[signing_key]]\ndomain = ["example.com"]\nfile = "a.pem"\n${more}`;
    const { path, write, signer } = world(t, text);
    write('a.pem', rsaPem);
    const rules = signingRules(parseConfig(text, join(path, 'sluice.toml')));
    let read = 0;
    const mail = new OutgoingMail({ rules, signer }, origin);
    mail.body(Buffer.from(body));
    const { fields } = await mail.sign(Buffer.from(header), () => {
      read++;
      return [Buffer.from(body)];
    });
    assert.equal(read, times);
    assert.equal(/^DomainKey-Signature:/m.test(Buffer.from(fields).toString()), times === 1);
    const request = { author: 'example.com', tenant: '', user: '', routes: [], header };
    const bodyHashes = { relaxed: Buffer.alloc(32).toString('base64') };
    const digest = Buffer.alloc(20).toString('base64');
    const answer = await signer.sign({ ...request, bodyHashes, domainKeyDigest: digest });
    assert.ok(answer.kind === 'signed');
    assert.equal(answer.fields.includes('DomainKey-Signature'), times === 1);
    // The configuration of who asks is another one, or it is broken: nothing else than a digest of SHA-1 is signed.
    for (const wrong of [undefined, '', Buffer.alloc(32).toString('base64')]) {
      const { kind } = await signer.sign({ ...request, bodyHashes, domainKeyDigest: wrong });
      assert.equal(kind, times === 1 ? 'failing' : 'signed');
    }
  }
});
