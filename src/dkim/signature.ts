// One DKIM-Signature field (RFC 6376 3.5), from text to what it says, or to why it cannot be verified. ARC-Message-Signature has the
// same form but for a few tags (RFC 8617 4.1.2), and is read here, too.

import type { BodyCanonicalization } from './body-canon.ts';
import type { HeaderCanonicalization, RawField } from './header-block.ts';
import { maxSignatureFieldBytes } from './limits.ts';
import { parseTagList, type Tag, withoutBlanks } from './tag-list.ts';
import { type SigningAlgorithm, type TagFault, TagReader } from './tag-reader.ts';

/** What can be told of every signature, as far as it can be read. */
export interface SignatureFacts {
  /** Lower-case A-labels. */
  readonly domain: string;
  readonly selector: string;
  readonly identity: string | undefined;
  /** As written. */
  readonly algorithmText: string;
  /** `b=` without blanks. */
  readonly valueText: string;
}

export interface Signature extends SignatureFacts {
  readonly field: RawField;
  readonly algorithm: SigningAlgorithm;
  readonly headerCanonicalization: HeaderCanonicalization;
  readonly bodyCanonicalization: BodyCanonicalization;
  /** In lower case. */
  readonly signedNames: readonly string[];
  /** `l=`. */
  readonly bodyLength: number | undefined;
  readonly bodyHash: Buffer;
  readonly value: Buffer;
  /** The field as it was signed: with an empty `b=`, without its last line end. */
  readonly unsignedText: string;
  /** Unix time in seconds. */
  readonly expiresAt: number | undefined;
}

export type ParsedSignature =
  | { readonly kind: 'signature'; readonly signature: Signature }
  | { readonly kind: 'fault'; readonly fault: TagFault; readonly facts: SignatureFacts };

const noTags: ReadonlyMap<string, Tag> = new Map();

/** @param isArc - whether it is an ARC-Message-Signature */
export function parseSignature(field: RawField, isArc = false): ParsedSignature {
  const list = listOf(field);
  const tags = list === undefined ? { fault: tooLarge } : parseTagList(list);
  if (list === undefined || 'fault' in tags) {
    const reason = 'fault' in tags ? tags.fault : tooLarge;
    return {
      kind: 'fault',
      fault: { result: 'permerror', reason },
      facts: factsOf(new TagReader(noTags), isArc),
    };
  }
  const reader = new TagReader(tags);
  checkVersion(reader, isArc);
  const algorithm = reader.algorithm();
  const value = reader.base64('b');
  const bodyHash = reader.base64('bh');
  const facts = factsOf(reader, isArc);
  const [headerCanonicalization, bodyCanonicalization] = reader.canonicalizations();
  const signedNames = reader.signedNames();
  checkNames(reader, signedNames, isArc);
  reader.query();
  const bodyLength = reader.number('l', 76);
  const signedAt = reader.number('t', 12);
  const expiresAt = reader.number('x', 12);
  if (signedAt !== undefined && expiresAt !== undefined && expiresAt <= signedAt)
    reader.refuse('it expires before it was made');
  const { fault } = reader;
  if (fault !== undefined || algorithm === undefined)
    return { kind: 'fault', fault: fault ?? unknown, facts };
  const signature: Signature = {
    ...facts,
    field,
    algorithm,
    headerCanonicalization,
    bodyCanonicalization,
    signedNames,
    bodyLength,
    bodyHash,
    value,
    unsignedText: withoutValue(field, list, tags.get('b')),
    expiresAt,
  };
  return { kind: 'signature', signature };
}

const unknown: TagFault = { result: 'neutral', reason: 'its algorithm is not known here' };
const tooLarge = `the field is larger than ${maxSignatureFieldBytes / 1024} KiB`;

/** The value of the field without its last line end; undefined when it is too large to be looked at. */
export function listOf({ text, valueStart }: RawField): string | undefined {
  if (text.length > maxSignatureFieldBytes) return undefined;
  return text.slice(valueStart, text.endsWith('\r\n') ? -2 : -1);
}

/** RFC 6376 3.5, b=: the field with the value of `b=` and the blanks around it taken out, and without its last line end (3.7). */
export function withoutValue({ text, valueStart }: RawField, list: string, b: Tag | undefined): string {
  const name = text.slice(0, valueStart);
  return b === undefined ? name + list : name + list.slice(0, b.start) + list.slice(b.end);
}

function factsOf(reader: TagReader, isArc: boolean): SignatureFacts {
  const domain = reader.domain('d');
  return {
    domain,
    selector: reader.domain('s'),
    identity: isArc ? undefined : reader.identity(domain),
    algorithmText: reader.optional('a'),
    valueText: withoutBlanks(reader.optional('b')),
  };
}

function checkVersion(reader: TagReader, isArc: boolean): void {
  // RFC 8617 4.1.2: ARC has no version.
  if (!isArc && reader.required('v') !== '1') reader.refuse('its version is not 1');
}

function checkNames(reader: TagReader, names: readonly string[], isArc: boolean): void {
  // RFC 6376 5.4: From must be signed.
  if (!isArc && !names.includes('from')) reader.refuse('the From field is not signed');
  // RFC 8617 4.1.2: the seals sign this field, not the other way round.
  if (isArc && names.includes('arc-seal')) reader.refuse('it signs ARC-Seal, which must not be');
}
