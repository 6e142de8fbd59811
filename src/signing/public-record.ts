// The TXT record by which a key is published (RFC 6376 3.6.1, RFC 8463 4), made of its private key; and whether a published one is of it.

import { createPublicKey } from 'node:crypto';
import { parseKeyRecord, publicKeyOf } from '../dkim/key-record.ts';
import type { PrivateKey } from './private-key.ts';

/** RFC 1035 3.3: a character-string has at most 255 octets. */
const mostOfString = 255;

/** The record's text. */
export function publicRecord(key: PrivateKey): string {
  const der = publicDer(key);
  // RFC 8463 4: of an Ed25519 key only its 32 bytes are published.
  return key.algorithm === 'rsa-sha256'
    ? `v=DKIM1; k=rsa; p=${der.toString('base64')}`
    : `v=DKIM1; k=ed25519; p=${der.subarray(-32).toString('base64')}`;
}

/** The record as lines of a zone file, with its strings. */
export function zoneLines(name: string, key: PrivateKey): string {
  const record = publicRecord(key);
  const strings: string[] = [];
  for (let at = 0; at < record.length; at += mostOfString) strings.push(record.slice(at, at + mostOfString));
  const lines = strings.map((each) => `"${each}"`);
  return lines.length === 1
    ? `${name}. IN TXT ${lines.join('')}\n`
    : `${name}. IN TXT (\n${lines.map((line) => `  ${line}\n`).join('')})\n`;
}

/** What a published record is for a key. */
export type PublishedKey =
  | { readonly kind: 'same'; readonly isTesting: boolean }
  /** @param reason - a clause about the record */
  | { readonly kind: 'wrong'; readonly reason: string };

export function comparePublished(text: string, key: PrivateKey): PublishedKey {
  const record = parseKeyRecord(text);
  if ('fault' in record) return { kind: 'wrong', reason: record.fault };
  if (record.key === '') return { kind: 'wrong', reason: 'the key is revoked: p= is empty' };
  if (record.hashes !== undefined && !record.hashes.includes('sha256'))
    return { kind: 'wrong', reason: 'its h= does not allow SHA-256' };
  if (!record.services.includes('*') && !record.services.includes('email'))
    return { kind: 'wrong', reason: 'its s= does not allow mail' };
  const published = publicKeyOf(record);
  if ('fault' in published) return { kind: 'wrong', reason: published.fault };
  if (!published.export({ format: 'der', type: 'spki' }).equals(publicDer(key)))
    return { kind: 'wrong', reason: 'it has another key' };
  return { kind: 'same', isTesting: record.isTesting };
}

function publicDer({ key }: PrivateKey): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' });
}
