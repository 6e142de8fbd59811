// The plans of routes whose mail stays on this host: each has a site of its own, which no DNS decides about.

import { bareKey } from './bare-key.ts';
import { endpointText } from '../values/hop-endpoint.ts';
import type { LocalWay } from '../values/local-way.ts';
import { isMissing } from './missing-route.ts';
import { staticTtlSeconds, type Outcome } from './outcome.ts';
import { planKey, routeNameIn } from './plan-key.ts';
import type { RouteRule, RouteTarget } from './route-rule.ts';
import type { LocalHop } from './types.ts';

const kinds: ReadonlySet<string> = new Set<LocalWay['kind']>([
  'pipe',
  'archive',
  'mailbox',
  'local',
  'redirect',
  'hold',
]);

export function isLocalWay(target: RouteTarget): target is LocalWay {
  return kinds.has(target.kind);
}

/** Does mail of this route wait for an operator or another configuration? @param key - of a route, with marks or without */
export function holdsMail(key: string): boolean {
  const bare = bareKey(key);
  return bare.startsWith('hold#') || bare.startsWith('to#hold,');
}

/** Does a release by an operator take mail past this route: one that holds it, or that no [[route]] is any more? @param key - with marks or without */
export function isPassedByRelease(key: string): boolean {
  return holdsMail(key) || isMissing(key);
}

/** The site of a rule: another target of the same name is another site, so that no open connection serves it. */
export function siteOfWay(key: string): string {
  return key.replace('#', ':');
}

/** @param rule - with this target */
export function planOfWay(rule: Omit<RouteRule, 'match'>, way: LocalWay): Outcome {
  const key = planKey(rule);
  const site = siteOfWay(key);
  const name = routeNameIn(key);
  const endpoint = { kind: 'internal', name: site } as const;
  const host = name === '' ? way.kind : `${way.kind}:${name}`;
  const facts = { endpoint, key: endpointText(endpoint), ip: '', host, preference: 0, planKey: key };
  // The kind of the way is the transport.
  const hop = { ...facts, transport: way.kind, way } as LocalHop;
  return {
    plan: { kind: 'relay', site, label: host, addresses: [hop] },
    ttlSeconds: staticTtlSeconds,
  };
}
