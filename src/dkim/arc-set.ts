// The sets of an ARC chain (RFC 8617 4): three fields for each hop that sealed the message, put together by their instance numbers.

import type { HeaderBlock, RawField } from './header-block.ts';
import { maxArcBytes, maxArcSets } from './limits.ts';
import { listOf, parseSignature, type Signature, withoutValue } from './signature.ts';
import { parseTagList } from './tag-list.ts';
import { type SigningAlgorithm, TagReader } from './tag-reader.ts';

/** ARC-Seal (RFC 8617 4.1.3). */
export interface Seal {
  readonly field: RawField;
  readonly algorithm: SigningAlgorithm;
  readonly domain: string;
  readonly selector: string;
  /** What the sealer found of the chain before it. */
  readonly chainValidation: 'none' | 'pass' | 'fail';
  readonly value: Buffer;
  readonly unsignedText: string;
}

export interface ArcSet {
  readonly results: RawField;
  readonly messageSignature: RawField;
  readonly seal: Seal;
}

/** The chain from its first set to its last, with the newest ARC-Message-Signature; or what is wrong with its form. */
export type ParsedChain =
  | { readonly kind: 'none' }
  | { readonly kind: 'fault'; readonly reason: string }
  | { readonly kind: 'chain'; readonly sets: readonly ArcSet[]; readonly newest: Signature };

const names = ['arc-authentication-results', 'arc-message-signature', 'arc-seal'] as const;

export function parseChain(block: HeaderBlock): ParsedChain {
  const [results, messageSignatures, seals] = names.map((name) => block.named(name)) as [
    Fields,
    Fields,
    Fields,
  ];
  const all = [...results, ...messageSignatures, ...seals];
  if (all.length === 0) return { kind: 'none' };
  if (seals.length > maxArcSets) return fault(`there are more than ${maxArcSets} seals`);
  // RFC 8617 5.2 step 3: every set has each of the three, so the numbers are the same.
  if (seals.length !== results.length || seals.length !== messageSignatures.length)
    return fault('a set of the chain is not complete');
  if (all.reduce((bytes, { text }) => bytes + text.length, 0) > maxArcBytes)
    return fault(`its fields are larger than ${maxArcBytes / 1024} KiB`);
  const byInstance = [
    byNumber(results, resultsInstance),
    byNumber(messageSignatures, tagInstance),
    byNumber(seals, tagInstance),
  ];
  const sets: ArcSet[] = [];
  for (let instance = 1; instance <= seals.length; instance++) {
    const [result, messageSignature, sealField] = byInstance.map((fields) => fields?.get(instance));
    if (result === undefined || messageSignature === undefined || sealField === undefined)
      return fault(`the set with the instance ${instance} is not there, or twice`);
    const seal = parseSeal(sealField);
    if ('fault' in seal) return fault(`in the seal ${instance}, ${seal.fault}`);
    // RFC 8617 5.1.1, 5.2 step 3.
    const isLast = instance === seals.length;
    const expected = instance === 1 ? 'none' : 'pass';
    if (seal.chainValidation !== expected)
      return fault(
        isLast && seal.chainValidation === 'fail'
          ? 'its last sealer says that it failed'
          : `the seal ${instance} has not cv=${expected}`,
      );
    sets.push({ results: result, messageSignature, seal });
  }
  const newest = sets.at(-1);
  if (newest === undefined) return fault('a set of the chain is not complete');
  const parsed = parseSignature(newest.messageSignature, true);
  if (parsed.kind === 'fault') return fault(`in the newest ARC-Message-Signature, ${parsed.fault.reason}`);
  return { kind: 'chain', sets, newest: parsed.signature };
}

type Fields = readonly RawField[];

function fault(reason: string): ParsedChain {
  return { kind: 'fault', reason };
}

/** Undefined when one has no proper number, or two have the same. */
function byNumber(
  fields: Fields,
  instanceOf: (field: RawField) => string | undefined,
): ReadonlyMap<number, RawField> | undefined {
  const found = new Map<number, RawField>();
  for (const field of fields) {
    const text = instanceOf(field);
    // RFC 8617 4.2.1: 1 to 50.
    if (text === undefined || !/^[1-9]\d?$/.test(text) || found.has(Number(text))) return undefined;
    found.set(Number(text), field);
  }
  return found;
}

/** RFC 8617 4.1.1: `i=N` comes first, and a semicolon after it. */
function resultsInstance({ text, valueStart }: RawField): string | undefined {
  return /^[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*(\d{1,3})[ \t\r\n]*;/.exec(
    text.slice(valueStart, valueStart + 200),
  )?.[1];
}

function tagInstance(field: RawField): string | undefined {
  const list = listOf(field);
  const tags = list === undefined ? undefined : parseTagList(list);
  return tags === undefined || 'fault' in tags ? undefined : tags.get('i')?.value;
}

function parseSeal(field: RawField): Seal | { readonly fault: string } {
  const list = listOf(field);
  const tags = list === undefined ? { fault: 'there is too much text' } : parseTagList(list);
  if (list === undefined || 'fault' in tags) return { fault: 'fault' in tags ? tags.fault : '' };
  const reader = new TagReader(tags);
  const algorithm = reader.algorithm();
  const domain = reader.domain('d');
  const selector = reader.domain('s');
  const value = reader.base64('b');
  const chainValidation = reader.required('cv').toLowerCase();
  // RFC 8617 4.1.3: it always signs the same fields.
  if (tags.has('h')) reader.refuse('there is the tag h=');
  reader.number('t', 12);
  if (reader.fault !== undefined || algorithm === undefined) return { fault: reader.fault?.reason ?? '' };
  if (chainValidation !== 'none' && chainValidation !== 'pass' && chainValidation !== 'fail')
    return { fault: 'the tag cv= is not none, pass or fail' };
  const unsignedText = withoutValue(field, list, tags.get('b'));
  return { field, algorithm, domain, selector, chainValidation, value, unsignedText };
}

/** What the results field says after its instance. */
export function resultsText({ text, valueStart }: RawField): string {
  const value = text.slice(valueStart);
  return value
    .slice(value.indexOf(';') + 1)
    .replaceAll(/[\r\n]+/g, '')
    .trim();
}
