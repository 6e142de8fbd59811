// Verifies a signature over a header with the keys that its domain publishes (RFC 6376 6.1.2, 6.1.3): DKIM's and ARC's alike.

import { createHash, type KeyObject, verify } from 'node:crypto';
import {
  type HeaderBlock,
  canonicalField,
  type HeaderCanonicalization,
  relaxedField,
} from './header-block.ts';
import { keyMisuse, parseKeyRecord, publicKeyOf } from './key-record.ts';
import { maxKeyRecords } from './limits.ts';
import type { Signature } from './signature.ts';
import type { SigningAlgorithm } from './tag-reader.ts';
import type { KeyAnswer } from './types.ts';

/** What the key says about the signature. */
export interface Checked {
  readonly result: 'pass' | 'fail' | 'temperror' | 'permerror';
  readonly reason?: string;
  readonly isTesting: boolean;
}

/** A signature, as far as its key is concerned. */
export interface SignedBytes {
  readonly algorithm: SigningAlgorithm;
  readonly domain: string;
  /** The domain of `i=`, or `d=`. */
  readonly identityHost: string;
  readonly value: Buffer;
  /** The canonical header. Called only when there is a key to check it with. */
  bytes(): Buffer;
}

/** @param answer - undefined when the key was not asked for */
export function checkSignature(signed: SignedBytes, answer: KeyAnswer | undefined): Checked {
  if (answer === undefined || answer.kind === 'temperror') {
    const reason = answer?.reason ?? 'the key was not looked up';
    return { result: 'temperror', reason, isTesting: false };
  }
  const [first, ...more] = answer.kind === 'records' ? answer.records.slice(0, maxKeyRecords) : [];
  // RFC 6376 6.1.2: the key does not exist.
  if (first === undefined)
    return { result: 'permerror', reason: 'no key is published for it', isTesting: false };
  let best = checkWithRecord(signed, first);
  // RFC 6376 3.6.2.2 leaves several records undefined. Any of them may be the right one.
  for (const record of more) {
    if (best.result === 'pass') return best;
    const next = checkWithRecord(signed, record);
    if (next.result === 'pass' || (next.result === 'fail' && best.result === 'permerror')) best = next;
  }
  return best;
}

function checkWithRecord(signed: SignedBytes, text: string): Checked {
  const record = parseKeyRecord(text);
  if ('fault' in record) return { result: 'permerror', reason: record.fault, isTesting: false };
  const { isTesting } = record;
  const keyType = signed.algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519';
  const misuse = keyMisuse(record, { ...signed, keyType });
  if (misuse !== undefined) return { result: 'permerror', reason: misuse, isTesting };
  const key = publicKeyOf(record);
  if ('fault' in key) return { result: 'permerror', reason: key.fault, isTesting };
  if (isSignedBy(signed, key)) return { result: 'pass', isTesting };
  return { result: 'fail', reason: 'the signature does not fit the header fields', isTesting };
}

function isSignedBy({ algorithm, value, bytes }: SignedBytes, key: KeyObject): boolean {
  if (algorithm === 'rsa-sha256') return verify('sha256', bytes(), key, value);
  // RFC 8463 3: PureEdDSA over the hash.
  return verify(null, createHash('sha256').update(bytes()).digest(), key, value);
}

/** What a signature is made over: the fields that it names, and itself without its value (RFC 6376 3.7). */
export function signedHeader(block: HeaderBlock, signature: Signature): Buffer {
  const { field, headerCanonicalization: kind, signedNames, unsignedText } = signature;
  const fields = block.select(signedNames, field).map((each) => canonicalField(kind, each));
  return Buffer.from(fields.join('') + ownField(kind, field.name, unsignedText, field.valueStart), 'latin1');
}

/** The signature's own field in its canonical form, without a line end. */
export function ownField(
  kind: HeaderCanonicalization,
  name: string,
  unsignedText: string,
  valueStart: number,
): string {
  return kind === 'simple' ? unsignedText : relaxedField(name, unsignedText.slice(valueStart)).slice(0, -2);
}
