// Key records (RFC 6376 3.6.1): the TXT record in which a domain publishes a public key, as text and as a key. A key that is too short to
// be trusted, or too large to be worth the work, is a fault.

import { createPublicKey, type KeyObject } from 'node:crypto';
import { maxKeyRecordBytes, maxRsaBits, maxRsaExponent, minRsaBits } from './limits.ts';
import { parseTagList, type Tag, withoutBlanks } from './tag-list.ts';

export interface KeyRecord {
  /** `k=`: `rsa`, `ed25519`, or a type that is not known here. */
  readonly type: string;
  /** `p=` in base64, without blanks; empty when the key is revoked. */
  readonly key: string;
  /** `h=`: the hashes that may be used with it; undefined: any. */
  readonly hashes: readonly string[] | undefined;
  /** `g=`: the local part of the sender, for DomainKeys alone; empty: any. */
  readonly granularity: string;
  /** `s=`: what it may be used for. */
  readonly services: readonly string[];
  /** `t=y`. */
  readonly isTesting: boolean;
  /** `t=s`: no domain below that of the key may use it. */
  readonly isStrict: boolean;
}

/** @param text - the character-strings of the record, joined */
export function parseKeyRecord(text: string): KeyRecord | { readonly fault: string } {
  if (text.length > maxKeyRecordBytes)
    return { fault: `the key record is longer than ${maxKeyRecordBytes} characters` };
  const tags = parseTagList(text);
  if ('fault' in tags) return { fault: `in the key record, ${tags.fault}` };
  const [first] = tags.keys();
  const version = tags.get('v');
  // RFC 6376 3.6.1: v= need not be there, but has to be the first tag.
  if (version !== undefined && (first !== 'v' || version.value !== 'DKIM1'))
    return { fault: 'the key record does not begin with v=DKIM1' };
  const key = tags.get('p');
  if (key === undefined) return { fault: 'the key record has no p=' };
  const flags = listOf(tags.get('t')) ?? [];
  return {
    type: tags.get('k')?.value.toLowerCase() ?? 'rsa',
    key: withoutBlanks(key.value),
    hashes: listOf(tags.get('h')),
    granularity: tags.get('g')?.value ?? '',
    services: listOf(tags.get('s')) ?? ['*'],
    isTesting: flags.includes('y'),
    isStrict: flags.includes('s'),
  };
}

/**
 * Why the record's key may not verify a signature; undefined when it may.
 *
 * @param use - of the signature: the type of key that its algorithm has, the domain of its i=, and its d=
 */
export function keyMisuse(
  record: KeyRecord,
  use: { readonly keyType: string; readonly identityHost: string; readonly domain: string },
): string | undefined {
  if (record.key === '') return 'the key is revoked';
  if (record.type !== use.keyType) return `the key is not of the type ${use.keyType}`;
  if (record.hashes !== undefined && !record.hashes.includes('sha256'))
    return 'the key is not meant for SHA-256';
  if (!record.services.includes('*') && !record.services.includes('email'))
    return 'the key is not meant for mail';
  if (record.isStrict && use.identityHost !== use.domain)
    return 'the key may not be used for domains below its own';
  return undefined;
}

/** RFC 8410 4: what DER has before the 32 bytes of an Ed25519 key, which is all that p= has (RFC 8463 4). */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

export function publicKeyOf({ type, key }: KeyRecord): KeyObject | { readonly fault: string } {
  // Double quotes around the strings are a mistake that is often made when a record is published.
  if (!base64.test(key)) return { fault: 'the key is not base64' };
  const der = Buffer.from(key, 'base64');
  if (type === 'ed25519') {
    if (der.length !== 32) return { fault: `the Ed25519 key has ${der.length} bytes, not 32` };
    return tryKey(Buffer.concat([ed25519Prefix, der]), 'spki') ?? { fault: 'the key cannot be read' };
  }
  if (type !== 'rsa') return { fault: 'the type of the key is not known here' };
  // RFC 6376 3.6.1 means PKCS#1, its examples are SPKI, and both are published.
  const found = tryKey(der, 'spki') ?? tryKey(der, 'pkcs1');
  if (found?.asymmetricKeyType !== 'rsa') return { fault: 'the key cannot be read' };
  const { modulusLength = 0, publicExponent = 0n } = found.asymmetricKeyDetails ?? {};
  // RFC 8301 3.2.
  if (modulusLength < minRsaBits)
    return { fault: `an RSA key of ${modulusLength} bits is too short to be trusted` };
  if (modulusLength > maxRsaBits || publicExponent > maxRsaExponent)
    return { fault: `an RSA key of ${modulusLength} bits is larger than what is verified here` };
  return found;
}

function tryKey(der: Buffer, type: 'spki' | 'pkcs1'): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: 'der', type });
  } catch {
    return undefined;
  }
}

/** A list with colons; undefined without the tag. */
function listOf(tag: Tag | undefined): string[] | undefined {
  return tag?.value.split(':').map((word) => withoutBlanks(word).toLowerCase());
}
