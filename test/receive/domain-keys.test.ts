// DomainKeys beside DKIM on mail that comes in, in real SMTP sessions and with a real key file: what is stored verifies by both.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import type { Stage } from '../../src/policy/stage.ts';
import { signingRules } from '../../src/settings/signing.ts';
import { KeyStore } from '../../src/signing/key-store.ts';
import { MailSigner } from '../../src/signing/mail-signer.ts';
import type { Signing } from '../../src/signing/outgoing-mail.ts';
import { SignatureDesk } from '../../src/signing/signature-desk.ts';
import type { SigningRequest } from '../../src/signing/types.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { recordOf, verifyMessage } from '../dkim/support.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { type Client, type Fixture, greeted, start } from './fixture.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const published = {
  'r._domainkey.example.com': recordOf(rsa.publicKey),
  'e._domainkey.example.com': recordOf(ed.publicKey),
};
const header = 'From: Joe <joe@example.com>\r\nSubject: one\r\n\ttwo\r\n';
const large = `${'x'.repeat(70)} \t \r\n`.repeat(500);

/** Keys `r` with RSA and `e` with Ed25519. @param more - lines of both tables */
function signingOf(t: TestContext, more: string): Signing & { readonly requests: SigningRequest[] } {
  const { path } = temporaryFolder(t, 'domain-keys');
  for (const [name, key] of [
    ['r', rsa.privateKey],
    ['e', ed.privateKey],
  ] as const)
    writeFileSync(join(path, `${name}.pem`), key.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  const tables = ['r', 'e'].map(
    (name) => `[[signing_key]]\ndomain = ["example.com"]\nfile = "${name}.pem"\n${more}`,
  );
  const rules = signingRules(parseConfig(tables.join(''), join(path, 'sluice.toml')));
  const say = (): void => undefined;
  const signer = new MailSigner(rules, {
    keys: new KeyStore(() => 0),
    desk: new SignatureDesk(),
    log: { info: say, warn: say, error: say },
    troubles: new Troubles(),
    dateMs: () => 1_700_000_000_000,
  });
  const requests: SigningRequest[] = [];
  const sign = (request: SigningRequest) => {
    requests.push(request);
    return signer.sign(request);
  };
  return { rules, signer: { sign }, requests };
}

async function send(client: Client, content: string): Promise<void> {
  await client.ask('MAIL FROM:<joe@example.com>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask(`${content.replaceAll(/^\./gm, '..')}.\r\n`), /^250/);
}

/** The results of the signatures of what was stored last. */
function stored({ spool }: Fixture): string {
  return verifyMessage(Buffer.from(spool.kept.at(-1)?.content ?? '', 'latin1'), published)
    .signatures.map(({ method, selector, result }) => `${method} ${selector} ${result}`)
    .toSorted()
    .join(', ');
}

const both = 'dkim e pass, dkim r pass, domainkeys r pass';

test('what is stored verifies by DKIM and DomainKeys: small, from a file, without a body', async (t) => {
  const fixture = await start(t, { signing: signingOf(t, 'domainkeys = true\n'), completesMail: true });
  const client = await greeted(fixture);
  for (const content of [
    `${header}\r\nHello\r\n`,
    `${header}\r\n${large}`,
    `${header}\r\n`,
    header,
    `${header}\r\n.\r\n..\r\n \t\r\n\r\n`,
    `${header}DomainKey-Signature: a=rsa-sha1; d=example.com\r\n\r\nHello\r\n`,
  ]) {
    await send(client, content);
    assert.equal(stored(fixture), both, content.slice(0, 100));
  }
  assert.equal(fixture.memory.usedBytes, 0);
});

test('it is made after the last edit of a stage', async (t) => {
  const stage: Stage = {
    name: 'editor',
    content: () => ({
      kind: 'continue',
      edits: [
        { kind: 'add-field', name: 'Reply-To', value: 'a@b.example' },
        { kind: 'replace-body', body: Buffer.from(`other \r\n${large}`) },
      ],
    }),
  };
  const fixture = await start(t, { signing: signingOf(t, 'domainkeys = true\n'), stages: [{ stage }] });
  const client = await greeted(fixture);
  for (const body of ['Hello\r\n', large]) {
    await send(client, `${header}\r\n${body}`);
    assert.match(fixture.spool.kept.at(-1)!.content, /Reply-To: a@b\.example\r\n\r\nother/);
    assert.equal(stored(fixture), both);
  }
});

test('without domainkeys there is no such signature, and no digest leaves the receiver', async (t) => {
  const signing = signingOf(t, '');
  const fixture = await start(t, { signing });
  await send(await greeted(fixture), `${header}\r\n${large}`);
  assert.equal(stored(fixture), 'dkim e pass, dkim r pass');
  assert.equal(signing.requests[0]?.domainKeyDigest, undefined);
});

test('mail of a sender elsewhere has the signatures by DKIM alone', async (t) => {
  const fixture = await start(t, { signing: signingOf(t, 'domainkeys = true\n') });
  await send(await greeted(fixture), `Sender: list@other.example\r\n${header}\r\nHello\r\n`);
  assert.equal(stored(fixture), 'dkim e pass, dkim r pass');
});
