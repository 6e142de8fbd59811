// Makes a DomainKey-Signature field (RFC 4870), the forerunner of DKIM. Who has the message makes the digest, since it covers header and body in one
// stream; who has the private key makes the field. Promises: both see the same fields, so that `h=` names just those in the digest.

import { createHash } from 'node:crypto';
import { senderDomainOf } from './domain-key-sender.ts';
import { DomainKeyText } from './domain-key-text.ts';
import type { RawField } from './header-block.ts';
import { foldedBase64, foldedNames, type PreparedSignature } from './prepare-signature.ts';
import type { KeyQuestion } from './types.ts';
import { isWithin } from './tag-reader.ts';

/** Bytes of SHA-1. */
const digestBytes = 20;
/** DigestInfo for SHA-1 (RFC 8017 9.2, note 1), before the digest. */
const digestInfo = Buffer.from('3021300906052b0e03021a05000414', 'hex');

/** Above that, `h=` has each name once. No message that people write has so many fields. */
const mostNames = 100;

/** A body from its beginning, in pieces. */
export type BodyPieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** The SHA-1 of a message in the canonical form `nofws`, which bears changes of white space. @param fields - those that are signed */
export async function domainKeyDigest(fields: readonly RawField[], body: BodyPieces): Promise<Buffer> {
  const hash = createHash('sha1');
  const text = new DomainKeyText('nofws', (bytes) => void hash.update(bytes));
  text.header(fields);
  for await (const piece of body) text.body(piece);
  text.end();
  return hash.digest();
}

/**
 * The field goes above those that it signs; what is above it, or is not in `h=`, it does not sign. Its `bytes` are a DigestInfo (RFC 8017 9.2), to which
 * the RSA operation is applied without another hash.
 *
 * @param fields - those of the digest
 * @returns undefined when no verifier would take it: RFC 4870 3.3 wants the domain of Sender, or else of From, to be within `d=`
 * @throws {TypeError} when the digest is no SHA-1, so that nothing else is signed
 */
export function prepareDomainKey(
  fields: readonly RawField[],
  digest: Uint8Array,
  { domain, selector }: KeyQuestion,
): PreparedSignature | undefined {
  if (!isWithin(senderDomainOf(fields), domain)) return undefined;
  if (digest.length !== digestBytes) throw new TypeError('the digest of the message is not one of SHA-1');
  const text = [
    'DomainKey-Signature: a=rsa-sha1; c=nofws; q=dns;',
    ` d=${domain}; s=${selector};`,
    ` ${foldedNames(namesOf(fields))};`,
    ' b=',
  ].join('\r\n');
  return {
    bytes: Buffer.concat([digestInfo, digest]),
    field: (signature) => Buffer.from(`${text}${foldedBase64(signature)};\r\n`, 'latin1'),
  };
}

/**
 * RFC 4870 3.3: the names in the order of the fields. A name stands for all fields of that name, so once would do; but there are verifiers that
 * take fields in the order of `h=`, and agree with the others only when each field is named.
 */
function namesOf(fields: readonly RawField[]): readonly string[] {
  const names = fields.map(({ name }) => name);
  return names.length <= mostNames ? names : [...new Set(names)];
}
