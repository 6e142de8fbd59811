// Which reaction rule a reply falls under: code, text and MX host are compared, the first rule that matches counts.
// Promises: no backtracking, so a hostile reply costs at most its length times that of the rules' texts.

import { type DomainPattern, matchesPattern, parseDomainPattern } from '../../values/domain.ts';
import type { ReactionRule } from './types.ts';

interface Matcher {
  readonly rule: ReactionRule;
  /** What lies between the `*` of its text, in lower case. */
  readonly pieces: readonly string[];
  readonly hosts: readonly DomainPattern[];
}

/** Rules never change; matchers are made once for each list. */
const known = new WeakMap<readonly ReactionRule[], readonly Matcher[]>();

/**
 * The first rule that a reply matches.
 * @param reply - code first: `421 4.7.0 too many connections`; what does not begin with 4xx or 5xx (a failure without a
 *   reply) matches nothing
 * @param mxHost - the host that answered, lower case
 */
export function firstReaction(
  rules: readonly ReactionRule[],
  reply: string,
  mxHost: string,
): ReactionRule | undefined {
  if (rules.length === 0 || !hasFailureCode(reply)) return undefined;
  let text = '';
  for (const { rule, pieces, hosts } of matchersOf(rules)) {
    if (!reply.startsWith(rule.code) || !isAmong(hosts, mxHost)) continue;
    if (pieces.length > 0 && text === '') text = reply.slice(3).toLowerCase();
    if (hasInOrder(text, pieces)) return rule;
  }
  return undefined;
}

/** RFC 5321 4.2: 4yz or 5yz, then a space or a hyphen or nothing. */
function hasFailureCode(reply: string): boolean {
  const first = reply.charCodeAt(0);
  if (first !== 0x34 && first !== 0x35) return false;
  if (!isDigit(reply.charCodeAt(1)) || !isDigit(reply.charCodeAt(2))) return false;
  return reply.length === 3 || reply.charCodeAt(3) === 0x20 || reply.charCodeAt(3) === 0x2d;
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

function isAmong(hosts: readonly DomainPattern[], host: string): boolean {
  if (hosts.length === 0) return true;
  for (const each of hosts) if (matchesPattern(each, host)) return true;
  return false;
}

/** The earliest place is right for each piece: what follows has the most room behind it. */
function hasInOrder(text: string, pieces: readonly string[]): boolean {
  let from = 0;
  for (const piece of pieces) {
    const at = text.indexOf(piece, from);
    if (at === -1) return false;
    from = at + piece.length;
  }
  return true;
}

function matchersOf(rules: readonly ReactionRule[]): readonly Matcher[] {
  const before = known.get(rules);
  if (before !== undefined) return before;
  const matchers = rules.map((rule) => ({
    rule,
    pieces: rule.text
      .toLowerCase()
      .split('*')
      .filter((piece) => piece !== ''),
    hosts: rule.mx.map(parseDomainPattern),
  }));
  known.set(rules, matchers);
  return matchers;
}
