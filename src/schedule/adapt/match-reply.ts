// Which reaction rule a reply falls under: code, text and MX host are compared, the first rule that matches counts.
// Promises: no backtracking, so a hostile reply costs at most its length times that of the rules' texts.

import type { Refusal } from '../../message/refusal.ts';
import { replyText } from '../../protocol/smtp/client/reply-text.ts';
import { type DomainPattern, matchesPattern, parseDomainPattern } from '../../values/domain.ts';
import type { ReactionRule } from './types.ts';

interface Matcher {
  readonly rule: ReactionRule;
  /** The pieces between the `*` of its text, in lower case. */
  readonly pieces: readonly string[];
  readonly hosts: readonly DomainPattern[];
}

/** Rules never change; matchers are made once for each list. */
const known = new WeakMap<readonly ReactionRule[], readonly Matcher[]>();

/**
 * The first rule that a reply matches.
 * @param refusal - one that no server has replied matches nothing: rules are about what destinations say
 * @param mxHost - the host that answered, lower case
 */
export function firstReaction(
  rules: readonly ReactionRule[],
  refusal: Refusal,
  mxHost: string,
): ReactionRule | undefined {
  if (rules.length === 0 || refusal.by.kind !== 'remote') return undefined;
  const code = String(refusal.code);
  let text = '';
  for (const { rule, pieces, hosts } of matchersOf(rules)) {
    if (!code.startsWith(rule.code) || !isAmong(hosts, mxHost)) continue;
    // Only what the server said, in the words of the log, from where people take the texts of their rules; without the
    // code. The log's words about host and command are ours, and would match whatever the server says.
    if (pieces.length > 0 && text === '') text = replyText(refusal).slice(3).toLowerCase();
    if (hasInOrder(text, pieces)) return rule;
  }
  return undefined;
}

function isAmong(hosts: readonly DomainPattern[], host: string): boolean {
  if (hosts.length === 0) return true;
  for (const each of hosts) if (matchesPattern(each, host)) return true;
  return false;
}

/** Each piece is matched as early as possible, which leaves the most room for the pieces that follow. */
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
