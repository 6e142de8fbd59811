// What becomes of mail while the hosts of its route cannot be reached: fallback_relay and else of a [[route]], fallback_relay of [deliver].

import { z } from 'zod';

import { parseRelayHost } from '../../values/endpoint.ts';
import { expected, key, listOf, textOf } from './fields.ts';
import { addUnknown } from './unknown-names.ts';

export function relayHosts() {
  return listOf(
    textOf('a host such as "relay.example.net:25"', parseRelayHost),
    'hosts such as ["relay.example.net:25"]',
  ).min(1, 'must name one host at least');
}

export const routeElseKeys = {
  fallback_relay: key(
    relayHosts().optional(),
    'For relay and mx: hosts that get the mail while none of the hosts of this route can be reached, the first that works. They are written as in relay.',
    { defaultText: 'for MX hosts, that of [deliver]', example: '["fallback.example.net"]' },
  ),
  else: key(
    z
      .string({ error: expected('the name of a route') })
      .min(1, 'must not be empty')
      .optional(),
    'For relay and mx: the name of a [[route]] with relay whose hosts get the mail while those of this route cannot be reached, with its tls and its credential. It may have else itself.',
    { example: '"second provider"' },
  ),
};

/** A route, as read. */
export interface FailingRoute {
  readonly name?: string | undefined;
  readonly relay?: unknown;
  readonly mx?: unknown;
  readonly fallback_relay?: unknown;
  readonly else?: string | undefined;
  readonly credential?: string | readonly string[] | undefined;
}

export function refuseElse(route: FailingRoute, context: z.RefinementCtx): void {
  if (route.relay !== undefined || route.mx !== undefined) return;
  for (const name of ['fallback_relay', 'else'] as const) {
    if (route[name] === undefined) continue;
    context.addIssue({ code: 'custom', message: 'is only for relay and mx', path: [name] });
  }
}

/** The parts of the file that are checked, as read. */
export interface ElseTables {
  readonly route: readonly FailingRoute[];
  readonly credential: readonly { readonly name: string; readonly sender?: readonly unknown[] | undefined }[];
}

/** Each name is that of a route with hosts, whose log-in does not depend on the sender, and no route comes back to itself. */
export function checkElse({ route: all, credential }: ElseTables, context: z.RefinementCtx): void {
  const names = all.flatMap(({ name }) => name ?? []);
  const bySender = new Set(credential.flatMap(({ name, sender }) => (sender === undefined ? [] : [name])));
  for (const [index, route] of all.entries()) {
    if (route.else === undefined) continue;
    const path = ['route', index, 'else'];
    const refuse = (message: string): void => context.addIssue({ code: 'custom', message, path });
    const next = all.find(({ name }) => name === route.else);
    if (next === undefined) addUnknown('route', route.else, names, path, context);
    else if (next.relay === undefined) refuse(`the route "${route.else}" has no relay`);
    else if ([next.credential ?? []].flat().some((name) => bySender.has(name)))
      refuse(
        `the log-in of the route "${route.else}" depends on the sender, so no other route can lead to it`,
      );
    else if (comesBack(all, route)) refuse('leads back to this route');
  }
}

function comesBack(all: readonly FailingRoute[], first: FailingRoute): boolean {
  const seen = new Set<FailingRoute>();
  for (let at: FailingRoute | undefined = first; at?.else !== undefined;) {
    if (seen.has(at)) return true;
    seen.add(at);
    const wanted: string = at.else;
    at = all.find(({ name }) => name === wanted);
  }
  return false;
}
