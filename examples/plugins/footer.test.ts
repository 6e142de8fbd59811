// The test of footer.ts. Run it by: sluice plugin test footer.ts

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageAfter, testPlugin } from 'sluice/plugin/testing';
import plugin from './footer.ts';

const options = { text: 'Example Ltd' };

async function after(message: string, text = options.text): Promise<string> {
  await using asked = await testPlugin(plugin, { options: { text } });
  const whole = messageAfter(message, await asked.content({ message }));
  // Boundaries are made by chance.
  const [, boundary = 'none'] = /boundary="([-0-9a-f]{36})"/u.exec(whole) ?? [];
  return whole.replaceAll(boundary, 'B').replaceAll('\r\n', '\n');
}

const plain = [
  'Subject: x\n\nHello\n',
  'Content-Type: text/plain\n\nHello\n',
  'Content-Type: text/plain; charset=utf-8; format=flowed\nContent-Transfer-Encoding: 8bit\n\nGrüße\n',
  'Content-Type: Text/Plain; charset="US-ASCII"\nContent-Transfer-Encoding: 7bit\n\nHello\n',
  'Content-Type: text/plain; charset=iso-8859-1\n\nHello\n',
];
for (const message of plain) {
  test(`the footer is put at the end of ${JSON.stringify(message)}`, async () => {
    assert.equal(await after(message), `${message}\n-- \nExample Ltd\n`);
  });
}

test('bytes of other charsets stay as they are', async () => {
  await using asked = await testPlugin(plugin, { options });
  const message = Buffer.from(
    'Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\n',
    'latin1',
  );
  const verdict = await asked.content({ message });
  const [edit] = ('edits' in verdict && verdict.edits) || [];
  assert.ok(edit?.kind === 'replace-body' && edit.body instanceof Uint8Array);
  assert.equal(Buffer.from(edit.body).toString('latin1'), 'Gr\xfc\xdfe\r\n\r\n-- \r\nExample Ltd\r\n');
});

const footerPart = `
--B
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64
Content-Disposition: inline

RXhhbXBsZSBMdGQNCg==
--B--
`;

test('HTML becomes the first part of two', async () => {
  const message = 'Subject: x\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<p>Hello</p>\n';
  assert.equal(
    await after(message),
    `Subject: x
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="B"


--B
Content-Type: text/html; charset=utf-8

<p>Hello</p>
${footerPart}`,
  );
});

test('an encoded message keeps its encoding, which is that of its part then', async () => {
  const message =
    'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\n';
  assert.equal(
    await after(message),
    `Content-Type: multipart/mixed; boundary="B"
MIME-Version: 1.0


--B
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe
${footerPart}`,
  );
});

test('a multipart message is a part of the new one, and 8 bits of a part need 8 bits of the whole', async () => {
  const parts =
    '--x\nContent-Type: text/plain\n\nHello\n--x\nContent-Type: text/html\n\n<p>Hello</p>\n--x--\n';
  const message = `Content-Type: multipart/alternative;\n boundary=x\nContent-Transfer-Encoding: 8bit\nMIME-Version: 1.0\n\n${parts}`;
  assert.equal(
    await after(message),
    `Content-Type: multipart/mixed; boundary="B"
Content-Transfer-Encoding: 8bit
MIME-Version: 1.0


--B
Content-Type: multipart/alternative;
 boundary=x
Content-Transfer-Encoding: 8bit

${parts}${footerPart}`,
  );
});

test('a footer that is not ASCII goes into a part of its own', async () => {
  assert.match(await after('Subject: x\n\nHello\n', 'Müller GmbH'), /\n\nTcO8bGxlciBHbWJIDQo=\n--B--\n$/u);
});

const untouched = [
  'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=x\n\n--x--\n',
  'Content-Type: multipart/encrypted; boundary=x\n\n--x--\n',
  'Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x--\n',
  'Content-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\nAAAA\n',
  'Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n',
  'DKIM-Signature: v=1; d=example.net\nSubject: x\n\nHello\n',
  'Subject: x\n\n-----BEGIN PGP SIGNED MESSAGE-----\n\nHello\n',
  'Content-Type: text/plain\nContent-Type: text/html\n\nHello\n',
  'Subject: x\nthis is no field\n\nHello\n',
];
for (const message of untouched) {
  test(`${JSON.stringify(message.slice(0, 60))} is left alone`, async () => {
    assert.equal(await after(message), message);
  });
}
