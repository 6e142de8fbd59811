// Checks what a plugin answered about the way of a recipient. A plugin is a program of somebody else: whatever it answers, mail goes where a rule
// of the routing table or well-formed hosts lead, or waits.

import { localRefusal } from '../../message/refusal.ts';
import { type NamedServers, readTarget } from '../../route/target-key.ts';
import type { ErrorPlan } from '../../route/types.ts';
import { ValueError } from '../../values/value-error.ts';

export type CheckedAnswer =
  | { readonly kind: 'continue' }
  | { readonly kind: 'route'; readonly name: string }
  | { readonly kind: 'target'; readonly target: NamedServers }
  /** It waits, or fails, with this. */
  | { readonly kind: 'refused'; readonly plan: ErrorPlan }
  /** The answer is none: `it answered ...`. */
  | { readonly kind: 'wrong'; readonly why: string };

const mostHosts = 16;
const mostHostCharacters = 300;

/**
 * Checks an answer; never throws.
 * @param routes - names of the [[route]] tables
 */
export function checkRouteAnswer(answer: unknown, routes: ReadonlySet<string>): CheckedAnswer {
  try {
    return checked(answer, routes);
  } catch (error) {
    return wrong(`it answered what cannot be read: ${error instanceof Error ? error.message : 'an error'}`);
  }
}

function checked(answer: unknown, routes: ReadonlySet<string>): CheckedAnswer {
  if (typeof answer !== 'object' || answer === null) return wrong('it answered something that is no answer');
  const { kind, name, hosts, servers, mode, reply } = answer as Readonly<Record<string, unknown>>;
  switch (kind) {
    case 'continue':
      return { kind };
    case 'route':
      if (typeof name !== 'string') return wrong('it answered a route without a name');
      if (!routes.has(name))
        return wrong(
          `it chose the route ${JSON.stringify(name.slice(0, 100))}, and no [[route]] has this name`,
        );
      return { kind, name };
    case 'relay':
      return targetOf('smarthost', hosts, mode);
    case 'lmtp':
      return targetOf('lmtp', servers, mode);
    case 'tempfail':
      return refused(reply, 400, 499);
    case 'reject':
      return refused(reply, 500, 599);
    default:
      return wrong('it answered something that is no answer');
  }
}

function targetOf(kind: NamedServers['kind'], hosts: unknown, mode: unknown): CheckedAnswer {
  const isList =
    Array.isArray(hosts) &&
    hosts.every((host): host is string => typeof host === 'string' && host.length <= mostHostCharacters);
  if (!isList || hosts.length === 0) return wrong('it answered no list of hosts');
  if (hosts.length > mostHosts) return wrong(`it answered more than ${mostHosts} hosts`);
  if (mode !== undefined && mode !== 'failover' && mode !== 'balance')
    return wrong('it answered a mode that is neither "failover" nor "balance"');
  try {
    return { kind: 'target', target: readTarget(kind, hosts, mode ?? 'failover') };
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return wrong(`it answered a host that is none: ${error.message}`);
  }
}

function refused(reply: unknown, least: number, most: number): CheckedAnswer {
  if (typeof reply !== 'object' || reply === null) return wrong('it answered a refusal without a reply');
  const { code, enhanced, text } = reply as Readonly<Record<string, unknown>>;
  if (typeof code !== 'number' || !Number.isInteger(code) || code < least || code > most)
    return wrong(`it answered the reply code ${String(code)}, which is not from ${least} to ${most}`);
  const [first = ''] = String(code);
  if (enhanced !== undefined && !(typeof enhanced === 'string' && isStatus(enhanced, first)))
    return wrong(`it answered the enhanced status code ${String(enhanced)} with ${code}`);
  const words = Array.isArray(text) && text.every((line) => typeof line === 'string') ? text.join(' ') : text;
  if (typeof words !== 'string') return wrong('it answered a reply without a text');
  const permanent = first === '5';
  // Bounded, on one line and without control characters from here on.
  const { lines } = localRefusal({ during: 'routing', code, enhanced: '', text: words, permanent });
  return {
    kind: 'refused',
    plan: {
      kind: 'error',
      permanent,
      replyCode: code,
      enhancedStatus: enhanced ?? `${first}.3.0`,
      text: lines.join(' '),
    },
  };
}

/** RFC 3463 2: the class of the status is the first digit of the code. */
function isStatus(text: string, first: string): boolean {
  return /^[45]\.\d{1,3}\.\d{1,3}$/.test(text) && text.startsWith(first);
}

function wrong(why: string): CheckedAnswer {
  return { kind: 'wrong', why };
}
