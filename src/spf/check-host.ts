// SPF (RFC 7208): may this client send mail for this domain? Pure: it knows the DNS by the resolver that is handed in.
//
// 1. `mailFromQuery` or `heloQuery` makes the question of a session.
// 2. `checkHost` finds the record and evaluates it (`evaluation.ts`), within the limits of RFC 7208 4.6.4.
// 3. For a `fail`, it looks up what the domain says about it.

import { isQueryable } from '../dns/domain-name.ts';
import { readClientAddress } from './client-address.ts';
import { type Decision, Evaluation } from './evaluation.ts';
import { expandMacros, parseMacroString } from './macro-string.ts';
import type { SpfQuery, SpfResolver, SpfVerdict } from './types.ts';

/** Longest explanation: it becomes part of a reply. */
const maxExplanationLength = 400;

/**
 * Checks a domain (RFC 7208 4).
 * @returns always a result: whatever the DNS answers and the record says
 */
export async function checkHost(query: SpfQuery, resolver: SpfResolver): Promise<SpfVerdict> {
  const domain = withoutRoot(query.domain);
  const client = readClientAddress(query.ip);
  if (client === undefined) return { result: 'none', domain, reason: 'the client has no IP address' };
  // RFC 7208 4.3: a malformed domain, or one that is not a multi-label name, has no record.
  if (!isDomain(domain)) return { result: 'none', domain, reason: `"${domain}" is not a domain name` };
  const evaluation = new Evaluation({ ...query, domain }, client, resolver);
  const decision = await evaluation.run();
  const { result, reason } = decision;
  if (result !== 'fail') return { result, domain, reason };
  const explanation = await explanationOf(decision, evaluation, resolver);
  return explanation === undefined ? { result, domain, reason } : { result, domain, reason, explanation };
}

function withoutRoot(domain: string): string {
  return domain.length > 1 && domain.endsWith('.') ? domain.slice(0, -1) : domain;
}

function isDomain(domain: string): boolean {
  const dot = domain.lastIndexOf('.');
  // An address, with or without brackets, is no name: its last label would be all digits, which no top-level domain is.
  return dot > 0 && isQueryable(domain) && !/^\d+\]?$/.test(domain.slice(dot + 1)) && !domain.startsWith('[');
}

/** RFC 7208 6.2: an explanation that cannot be found, or is malformed, is none. */
async function explanationOf(
  { explanation: found }: Decision,
  evaluation: Evaluation,
  resolver: SpfResolver,
): Promise<string | undefined> {
  if (found === undefined) return undefined;
  const { target, domain } = found;
  const name = await evaluation.expand(target, domain);
  if (!isQueryable(name)) return undefined;
  const answer = await resolver.txt(name);
  const [text] = answer.kind === 'found' && answer.records.length === 1 ? answer.records : [];
  if (text === undefined || text.length > maxExplanationLength) return undefined;
  const parts = parseMacroString(text, 'explanation');
  if (parts === undefined) return undefined;
  const values = await evaluation.macroValues(parts, domain);
  const explanation = expandMacros(parts, values, maxExplanationLength);
  // Macros bring what the client said: only printable ASCII may come into a reply.
  return /^[\x20-\x7e]*$/.test(explanation) ? explanation : undefined;
}

/** What a session knows for both questions. */
export interface SpfSession {
  readonly ip: string;
  readonly helo: string;
  readonly receiver: string;
  readonly nowSeconds: number;
}

/**
 * The question about MAIL FROM (RFC 7208 2.4). The null reverse-path is asked about as `postmaster` at the HELO name.
 * @param reversePath - without angle brackets, its domain in A-labels; empty for the null path
 */
export function mailFromQuery(reversePath: string, session: SpfSession): SpfQuery {
  const at = reversePath.lastIndexOf('@');
  if (reversePath === '') return heloQuery(session);
  // RFC 7208 4.3: without a local part, "postmaster" is used.
  return {
    ...session,
    domain: reversePath.slice(at + 1),
    localPart: reversePath.slice(0, Math.max(0, at)) || 'postmaster',
  };
}

/** The question about the HELO name (RFC 7208 2.3). */
export function heloQuery(session: SpfSession): SpfQuery {
  return { ...session, domain: session.helo, localPart: 'postmaster' };
}
