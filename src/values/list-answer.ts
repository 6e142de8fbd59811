// What the answers of a DNS list mean (RFC 5782 2.1, 2.3): addresses in 127.0.0.0/8, which say why something is listed, or that the list refuses to
// answer. Promises: an answer that is no address in 127.0.0.0/8 is never a match.

import { parseNetwork } from './network.ts';
import { ValueError } from './value-error.ts';

/** Answers that count: those from `low` to `high`, or those with all `bits` in the last octet. IPv4 addresses as unsigned numbers. */
export type ListAnswerPattern =
  | { readonly kind: 'range'; readonly low: number; readonly high: number }
  | { readonly kind: 'bits'; readonly bits: number };

const loopback = 127;

/**
 * Reads `127.0.0.2`, `127.0.0.4-127.0.0.7`, `127.0.0.4-7`, `127.0.0.0/28`, or `&8` for answers that have this bit in the last octet.
 * @throws {ValueError} when it is none of these, or not in 127.0.0.0/8
 */
export function parseListAnswer(text: string): ListAnswerPattern {
  if (text.startsWith('&')) {
    const bits = /^&\d{1,3}$/u.test(text) ? Number(text.slice(1)) : 0;
    if (bits < 1 || bits > 255)
      throw new ValueError(`"${text}" is no bits of an octet: write "&" and a number from 1 to 255`);
    return { kind: 'bits', bits };
  }
  const range = rangeOf(text);
  if (range === undefined || range.low > range.high)
    throw new ValueError(
      `"${text}" is no answer of a list: write "127.0.0.2", "127.0.0.4-127.0.0.7", "127.0.0.0/28" or "&8"`,
    );
  if (range.low >>> 24 !== loopback || range.high >>> 24 !== loopback)
    throw new ValueError(`"${text}" is not in 127.0.0.0/8, where all answers of lists are (RFC 5782 2.1)`);
  return { kind: 'range', ...range };
}

function rangeOf(text: string): { readonly low: number; readonly high: number } | undefined {
  if (text.includes('/')) {
    const { address, prefix } = parseNetwork(text);
    const low = numberOf(address);
    if (low === undefined) return undefined;
    return { low, high: (low | (prefix === 0 ? 0xffff_ffff : 0xffff_ffff >>> prefix)) >>> 0 };
  }
  const [first = '', last = first, ...more] = text.split('-');
  if (more.length > 0) return undefined;
  const low = numberOf(first);
  // "127.0.0.4-7": the end is an octet.
  const isOctet = /^\d{1,3}$/u.test(last);
  const high = numberOf(isOctet ? first.replace(/\d+$/u, last) : last);
  return low === undefined || high === undefined ? undefined : { low, high };
}

/** The text that `parseListAnswer` reads. */
export function formatListAnswer(pattern: ListAnswerPattern): string {
  if (pattern.kind === 'bits') return `&${pattern.bits}`;
  const { low, high } = pattern;
  return low === high ? addressOf(low) : `${addressOf(low)}-${addressOf(high)}`;
}

function addressOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
}

/** @returns undefined for a text that is no IPv4 address of four decimal octets */
function numberOf(address: string): number | undefined {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/u.exec(address)?.slice(1).map(Number);
  if (octets === undefined || octets.some((octet) => octet > 255)) return undefined;
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** What one A record of a list says. */
export type ListAnswerMeaning =
  | 'listed'
  /** The list does not serve whoever asks: a public resolver, too many questions, a wrong key, a misspelt zone. */
  | 'refused'
  /** No address of a list: somebody else answers in its place, such as the new owner of its domain. */
  | 'foreign';

/**
 * What lists answer who do not want to answer: 127.255.255.0/24 (Spamhaus and others), 127.0.0.1 (URIBL, SURBL: RFC 5782 5 has it that this
 * address is never listed), 127.0.0.255 (dnswl.org), 127.0.1.255 (an address asked of a list of domains).
 */
const refusals: readonly { readonly low: number; readonly high: number }[] = [
  { low: 0x7fff_ff00, high: 0x7fff_ffff },
  { low: 0x7f00_0001, high: 0x7f00_0001 },
  { low: 0x7f00_00ff, high: 0x7f00_00ff },
  { low: 0x7f00_01ff, high: 0x7f00_01ff },
];

export function meaningOf(answer: string): ListAnswerMeaning {
  const number = numberOf(answer);
  if (number === undefined || number >>> 24 !== loopback) return 'foreign';
  return refusals.some(({ low, high }) => number >= low && number <= high) ? 'refused' : 'listed';
}

/** Does an answer of a list count? @param patterns - undefined: each that says that something is listed does */
export function isCounted(answer: string, patterns: readonly ListAnswerPattern[] | undefined): boolean {
  if (meaningOf(answer) !== 'listed') return false;
  const number = numberOf(answer) ?? 0;
  return (
    patterns === undefined ||
    patterns.some((pattern) =>
      pattern.kind === 'bits'
        ? (number & 0xff & pattern.bits) === pattern.bits
        : number >= pattern.low && number <= pattern.high,
    )
  );
}
