// What an ARC chain is good for (RFC 8617 7.2): a forwarder that is trusted may say that the message passed DMARC when it came to it, and
// has failed only since. A chain proves who its sealers are, and nothing else; anybody can make one.

import type { ArcResult } from '../dkim/types.ts';

/**
 * Does the chain vouch for the author?
 * @param isTrusted - of the domain of a sealer; all of them must be, since each could have changed what those before it said
 * @param author - the domain in From, in lower-case A-labels
 */
export function vouchesFor(
  { result, sealers, authenticationResults }: ArcResult,
  author: string,
  isTrusted: (domain: string) => boolean,
): boolean {
  if (result !== 'pass' || sealers.length === 0 || !sealers.every(isTrusted)) return false;
  return withoutCommentsAndQuotes(authenticationResults)
    .toLowerCase()
    .split(';')
    .slice(1)
    .some((found) => /^\s*dmarc\s*=\s*pass(?:\s|$)/.test(found) && fromOf(found) === author);
}

function fromOf(found: string): string | undefined {
  return /\sheader\.from\s*=\s*([a-z0-9._-]+)(?:\s|$)/.exec(found)?.[1];
}

/** RFC 8601 2.2: comments and quoted strings may hold anything. A quoted value is none that is looked for here. */
function withoutCommentsAndQuotes(text: string): string {
  let plain = '';
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at);
    if (c === '\\') at++;
    else if (isQuoted) isQuoted = c !== '"';
    else if (c === '(') depth++;
    else if (c === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0 && c === '"') isQuoted = true;
    else if (depth === 0) plain += c;
    else continue;
    if (c === ')' || c === '"') plain += ' ';
  }
  return plain;
}
