// Makes a DKIM-Signature field (RFC 6376 5) for a header and the hash of a body, but for the signature itself: who has the private key
// makes that of `bytes`. Promises: never `l=`, never rsa-sha1; no line is longer than 78 characters where names allow it.

import { createHash } from 'node:crypto';
import type { BodyCanonicalization } from './body-canon.ts';
import { ownField } from './check-signature.ts';
import { canonicalField, type HeaderBlock, type HeaderCanonicalization } from './header-block.ts';
import { type NameList, namesToSign } from './signed-names.ts';
import type { SigningAlgorithm } from './tag-reader.ts';

/** How messages are signed with one key. */
export interface SigningForm {
  /** Lower-case A-labels, as in `d=`. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: SigningAlgorithm;
  readonly headerCanonicalization: HeaderCanonicalization;
  readonly bodyCanonicalization: BodyCanonicalization;
  readonly names: NameList;
  /** How long the signature is valid; undefined: without end, so without `x=`. */
  readonly validSeconds: number | undefined;
}

export interface PreparedSignature {
  /** What is signed: by RSA with SHA-256, or by Ed25519, whose input is their SHA-256 (RFC 8463 3). */
  readonly bytes: Buffer;
  /** The whole field with its line end. @param signature - of `bytes` */
  field(signature: Uint8Array): Buffer;
}

const fieldName = 'DKIM-Signature';
const maxLineLength = 76;

/**
 * @param bodyHash - of the body in the form's canonicalization, by SHA-256
 * @param nowSeconds - Unix time
 */
export function prepareSignature(
  block: HeaderBlock,
  bodyHash: Uint8Array,
  form: SigningForm,
  nowSeconds: number,
): PreparedSignature {
  const { headerCanonicalization: kind, bodyCanonicalization, validSeconds } = form;
  const names = namesToSign(form.names, (name) => block.count(name));
  const expiry = validSeconds === undefined ? '' : ` x=${nowSeconds + validSeconds};`;
  const text = [
    `${fieldName}: v=1; a=${form.algorithm}; c=${kind}/${bodyCanonicalization};`,
    ` d=${form.domain}; s=${form.selector};`,
    ` t=${nowSeconds};${expiry}`,
    ` ${foldedNames(names)};`,
    ` bh=${Buffer.from(bodyHash).toString('base64')};`,
    ' b=',
  ].join('\r\n');
  const fields = block.select(names.map((name) => name.toLowerCase()));
  const signed = fields.map((field) => canonicalField(kind, field)).join('');
  const own = ownField(kind, fieldName.toLowerCase(), text, fieldName.length + 1);
  return {
    bytes: Buffer.from(signed + own, 'latin1'),
    field: (signature) => Buffer.from(`${text}${foldedBase64(signature)}\r\n`, 'latin1'),
  };
}

/** What an Ed25519 key signs (RFC 8463 3). */
export function ed25519Input(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** `h=` in lines; blanks are allowed before and after a colon (RFC 6376 3.5). */
export function foldedNames(names: readonly string[]): string {
  let text = 'h=';
  let length = 3;
  for (const [index, name] of names.entries()) {
    const part = index === names.length - 1 ? name : `${name}:`;
    if (length > 3 && length + part.length > maxLineLength) {
      text += '\r\n  ';
      length = 2;
    }
    text += part;
    length += part.length;
  }
  return text;
}

/** `b=` in lines; its blanks do not count (RFC 6376 3.5). */
export function foldedBase64(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('base64');
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += maxLineLength - 4)
    lines.push(text.slice(at, at + maxLineLength - 4));
  return lines.join('\r\n  ');
}
