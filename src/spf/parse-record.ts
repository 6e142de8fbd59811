// Parses SPF records (RFC 7208 4.6, 12). A syntax error anywhere makes the record invalid as a whole, before any of its terms
// is evaluated. The time taken grows linearly with the length, which is bounded.

import { readAddress } from '../values/address-bits.ts';
import { type MacroString, parseMacroString } from './macro-string.ts';

/** `+`, `-`, `~` and `?` as the result of a match (RFC 7208 4.6.2). */
export type QualifierResult = 'pass' | 'fail' | 'softfail' | 'neutral';

/** The lengths of prefixes after `a` and `mx`: for IPv4 and for IPv6 addresses. */
export interface DualPrefix {
  readonly v4: number;
  readonly v6: number;
}

/** RFC 7208 5. `target` is absent where the current domain is meant. */
export type Mechanism =
  | { readonly kind: 'all' }
  | { readonly kind: 'include' | 'exists'; readonly target: MacroString }
  | { readonly kind: 'a' | 'mx'; readonly target: MacroString | undefined; readonly prefix: DualPrefix }
  | { readonly kind: 'ptr'; readonly target: MacroString | undefined }
  /** `words` as `readAddress` fills them; `bits` is that of the mechanism, `ip4` or `ip6`. */
  | {
      readonly kind: 'ip';
      readonly bits: 32 | 128;
      readonly words: Uint32Array;
      readonly prefix: number;
    };

export interface Directive {
  readonly result: QualifierResult;
  readonly mechanism: Mechanism;
  /** As it is written. */
  readonly text: string;
}

export interface SpfRecord {
  readonly directives: readonly Directive[];
  readonly redirect: MacroString | undefined;
  readonly explanation: MacroString | undefined;
}

export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: SpfRecord }
  | { readonly kind: 'invalid'; readonly reason: string };

/** RFC 7208 3.4 wants records that fit into 512 octets; a longer one than this is nobody's honest policy. */
export const maxRecordLength = 8192;

/** RFC 7208 4.5: the version ends with a space or with the record. ABNF strings are case-insensitive (RFC 5234 2.3). */
export function isSpfRecord(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

const results: Readonly<Record<string, QualifierResult>> = {
  '': 'pass',
  '+': 'pass',
  '-': 'fail',
  '~': 'softfail',
  '?': 'neutral',
};

/** Parses a text for which `isSpfRecord` holds. */
export function parseRecord(text: string): ParsedRecord {
  if (text.length > maxRecordLength) {
    return { kind: 'invalid', reason: `the record has more than ${maxRecordLength} characters` };
  }
  const directives: Directive[] = [];
  let redirect: MacroString | undefined;
  let explanation: MacroString | undefined;
  const invalid = (term: string): ParsedRecord => ({
    kind: 'invalid',
    reason: `"${term.slice(0, 100)}" is no valid term`,
  });
  for (const term of text.slice('v=spf1'.length).split(' ')) {
    if (term === '') continue;
    const modifier = /^([a-z][a-z0-9\-_.]*)=(.*)$/is.exec(term);
    if (modifier === null) {
      const directive = parseDirective(term);
      if (directive === undefined) return invalid(term);
      directives.push(directive);
      continue;
    }
    const [, name = '', value = ''] = modifier;
    switch (name.toLowerCase()) {
      // RFC 7208 6: "redirect" and "exp" must not appear more than once each.
      case 'redirect':
        if (redirect !== undefined) return invalid(term);
        redirect = parseDomainSpec(value);
        if (redirect === undefined) return invalid(term);
        break;
      case 'exp':
        if (explanation !== undefined) return invalid(term);
        explanation = parseDomainSpec(value);
        if (explanation === undefined) return invalid(term);
        break;
      // RFC 7208 6: unknown modifiers are ignored, as long as they are well-formed.
      default:
        if (parseMacroString(value, 'domain') === undefined) return invalid(term);
    }
  }
  return { kind: 'record', record: { directives, redirect, explanation } };
}

function parseDirective(text: string): Directive | undefined {
  const match = /^([+\-~?]?)([a-z0-9]+)(?:([:/])(.*))?$/is.exec(text);
  if (match === null) return undefined;
  const [, qualifier = '', name = '', separator, rest = ''] = match;
  const result = results[qualifier];
  const mechanism = parseMechanism(name.toLowerCase(), separator, rest);
  return result === undefined || mechanism === undefined ? undefined : { result, mechanism, text };
}

/** @param rest - what follows the separator, `:` or `/`; without a separator there is nothing */
function parseMechanism(name: string, separator: string | undefined, rest: string): Mechanism | undefined {
  switch (name) {
    case 'all':
      return separator === undefined ? { kind: 'all' } : undefined;
    case 'include':
    case 'exists': {
      const target = separator === ':' ? parseDomainSpec(rest) : undefined;
      return target === undefined ? undefined : { kind: name, target };
    }
    case 'ptr': {
      if (separator === undefined) return { kind: 'ptr', target: undefined };
      const target = separator === ':' ? parseDomainSpec(rest) : undefined;
      return target === undefined ? undefined : { kind: 'ptr', target };
    }
    case 'a':
    case 'mx':
      return parseHosts(name, separator, rest);
    case 'ip4':
    case 'ip6':
      return separator === ':' ? parseNetworkOf(name, rest) : undefined;
    default:
      return undefined;
  }
}

/** `a` and `mx`: `[":" domain-spec] [dual-cidr-length]` (RFC 7208 5.3, 5.4). */
function parseHosts(name: 'a' | 'mx', separator: string | undefined, rest: string): Mechanism | undefined {
  const text = separator === '/' ? `/${rest}` : rest;
  // The length of a prefix ends the term. A domain-spec may hold slashes, too, but none in its last label.
  const lengths = /(?:\/(0|[1-9]\d*))?(?:\/\/(0|[1-9]\d*))?$/.exec(text);
  const prefix = { v4: Number(lengths?.[1] ?? 32), v6: Number(lengths?.[2] ?? 128) };
  if (prefix.v4 > 32 || prefix.v6 > 128) return undefined;
  const domain = text.slice(0, lengths?.index ?? text.length);
  if (separator !== ':') return domain === '' ? { kind: name, target: undefined, prefix } : undefined;
  const target = parseDomainSpec(domain);
  return target === undefined ? undefined : { kind: name, target, prefix };
}

/** RFC 7208 5.6. */
function parseNetworkOf(name: 'ip4' | 'ip6', text: string): Mechanism | undefined {
  const match = /^([0-9a-f:.]+)(?:\/(0|[1-9]\d*))?$/i.exec(text);
  if (match === null) return undefined;
  const [, address = '', length] = match;
  const bits = name === 'ip4' ? 32 : 128;
  if (address.includes(':') !== (bits === 128)) return undefined;
  const words = new Uint32Array(4);
  const read = readAddress(address, words);
  if (read === 0) return undefined;
  // An IPv4-mapped address in "ip6" is well-formed, and no client has it: such clients count as IPv4 (RFC 7208 5).
  if (read === 32 && bits === 128) words.set([0, 0, 0xffff, words[0] ?? 0]);
  const prefix = Number(length ?? bits);
  return prefix > bits ? undefined : { kind: 'ip', bits, words, prefix };
}

/** RFC 7208 7.1: a `domain-spec` ends with a top label that is not all digits, or with a macro. */
export function parseDomainSpec(text: string): MacroString | undefined {
  const parts = parseMacroString(text, 'domain');
  const last = parts?.at(-1);
  if (last === undefined) return undefined;
  if (typeof last !== 'string' || /%[%_-]$/.test(text)) return parts;
  const topLabel = /\.([a-z0-9-]+)\.?$/i.exec(text)?.[1];
  if (topLabel === undefined || /^-|-$|^\d+$/.test(topLabel)) return undefined;
  return parts;
}
