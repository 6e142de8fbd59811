// Signing and verifying whole messages in tests, with keys in memory.

import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { BodyHash } from '../../src/dkim/body-hash.ts';
import { HeaderBlock } from '../../src/dkim/header-block.ts';
import {
  ed25519Input,
  type PreparedSignature,
  prepareSignature,
  type SigningForm,
} from '../../src/dkim/prepare-signature.ts';
import { usualNames } from '../../src/dkim/signed-names.ts';
import { type KeyAnswer, keyNameOf } from '../../src/dkim/types.ts';
import {
  Verification,
  type VerificationOptions,
  type VerificationResults,
} from '../../src/dkim/verification.ts';

/** The 32 bytes of an Ed25519 seed as a private key (RFC 8410 7). */
export function ed25519Key(seed: Uint8Array): KeyObject {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** Header with its empty line, and body. */
export function splitMessage(message: Buffer): [Buffer, Buffer] {
  if (message.subarray(0, 2).toString() === '\r\n') return [message.subarray(0, 2), message.subarray(2)];
  const end = message.indexOf('\r\n\r\n');
  return end === -1 ? [message, Buffer.alloc(0)] : [message.subarray(0, end + 4), message.subarray(end + 4)];
}

export type Keys = Readonly<Record<string, string | readonly string[] | KeyAnswer>>;

export function answerOf(keys: Keys, name: string): KeyAnswer {
  const known = keys[name];
  if (known === undefined) return { kind: 'none' };
  if (typeof known === 'string') return { kind: 'records', records: [known] };
  return 'kind' in known ? known : { kind: 'records', records: known };
}

export function verifyMessage(
  message: Buffer | string,
  keys: Keys,
  { now = 1_700_000_000, ...options }: VerificationOptions & { readonly now?: number } = {},
): VerificationResults {
  const [header, body] = splitMessage(Buffer.from(message));
  const verification = new Verification(header, now, options);
  verification.body(body);
  const answers = verification.questions.map(
    (question) => [keyNameOf(question), answerOf(keys, keyNameOf(question))] as const,
  );
  return verification.results(new Map(answers));
}

/** The results in order. */
export function resultsOf(message: Buffer | string, keys: Keys, now?: number): string[] {
  const { signatures } = verifyMessage(message, keys, now === undefined ? {} : { now });
  return signatures.map(({ result }) => result);
}

export type TestForm = Partial<SigningForm> & Pick<SigningForm, 'domain' | 'selector'>;

/** The message with a signature on top. */
export function signMessage(message: Buffer, key: KeyObject, form: TestForm, now = 1_700_000_000): Buffer {
  const [header, body] = splitMessage(message);
  const whole: SigningForm = {
    algorithm: key.asymmetricKeyType === 'ed25519' ? 'ed25519-sha256' : 'rsa-sha256',
    headerCanonicalization: 'relaxed',
    bodyCanonicalization: 'relaxed',
    names: usualNames,
    validSeconds: undefined,
    ...form,
  };
  const hash = new BodyHash({ canonicalization: whole.bodyCanonicalization, length: undefined });
  hash.push(body);
  const prepared = prepareSignature(new HeaderBlock(header), hash.digest(), whole, now);
  return Buffer.concat([prepared.field(signatureFor(prepared, key)), message]);
}

/** Text with LF as a message: its lines end with CRLF. */
export function crlf(text: string | Buffer): Buffer {
  return Buffer.from(text.toString('latin1').replaceAll(/\r?\n/g, '\r\n'), 'latin1');
}

/** The key record of a public key. */
export function recordOf(publicKey: KeyObject): string {
  const der = publicKey.export({ format: 'der', type: 'spki' });
  return publicKey.asymmetricKeyType === 'rsa'
    ? `v=DKIM1; k=rsa; p=${der.toString('base64')}`
    : `v=DKIM1; k=ed25519; p=${der.subarray(-32).toString('base64')}`;
}

/** What the private key makes of a prepared signature. */
export function signatureFor({ bytes }: PreparedSignature, key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'ed25519'
    ? sign(null, ed25519Input(bytes), key)
    : sign('sha256', bytes, key);
}
