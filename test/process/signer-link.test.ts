// Signatures asked of the keys process over a link: answered, or decided by the keys' own rules when nobody answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Asked, Request } from '../../src/channel/messages.ts';
import { parseConfig } from '../../src/config/config.ts';
import type { LinkEnds } from '../../src/process/roles/keys-calls.ts';
import { SignerLink } from '../../src/process/roles/signer-link.ts';

const table = (more: string): string =>
  `[[signing_key]]\ndomain = ["example.com"]\nfile = "a.pem"\n${more}\n`;
const strict = parseConfig(table(''), 'test');
const lenient = parseConfig(table('when_unusable = "unsigned"'), 'test');
const request = {
  author: 'example.com',
  tenant: '',
  user: '',
  routes: [],
  header: 'From: a@example.com\r\n',
  bodyHashes: {},
};

function linked(config: typeof strict) {
  const posted: Request[] = [];
  let ends: LinkEnds | undefined;
  let isOpen = false;
  const link = new SignerLink((made) => {
    ends = made;
    return {
      open: () => Promise.resolve(void (isOpen = true)),
      post: (message: Asked) => void (message.kind === 'request' && posted.push(message)),
      congested: false,
      whenDrained: () => undefined,
      close: () => void (isOpen = false),
    };
  });
  link.configure(config);
  const answer = (result: unknown): void => ends?.take([{ kind: 'response', id: posted.at(-1)!.id, result }]);
  return { link, posted, answer, lose: () => ends?.lost(), isOpen: () => isOpen };
}

test('what the keys process says is the answer, and what is none is no signature', async () => {
  const { link, answer } = linked(strict);
  const signed = link.signer.sign(request);
  answer({ kind: 'signed', fields: 'DKIM-Signature: x\r\n', by: ['s._domainkey.example.com'] });
  assert.equal((await signed).kind, 'signed');
  const odd = link.signer.sign(request);
  answer({ kind: 'signed' });
  assert.equal((await odd).kind, 'failing');
  link.close();
});

test('when the keys process is lost, mail waits for the keys that say so, and goes unsigned for the others', async () => {
  for (const [config, kind] of [
    [strict, 'failing'],
    [lenient, 'unsigned'],
  ] as const) {
    const { link, lose } = linked(config);
    const signed = link.signer.sign(request);
    lose();
    assert.deepEqual(await signed, { kind, reason: 'the keys process is being restarted' });
    link.close();
  }
});

test('the link is open while the configuration has keys', async () => {
  const { link, isOpen } = linked(strict);
  assert.equal(isOpen(), true);
  assert.equal(link.rules.isEmpty, false);
  link.configure(parseConfig('', 'test'));
  assert.equal(isOpen(), false);
  assert.equal(link.rules.isEmpty, true);
  assert.deepEqual(await link.signer.sign(request), {
    kind: 'unsigned',
    reason: 'there is no [[signing_key]]',
  });
});
