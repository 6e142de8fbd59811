// The two ways that hold the mail of a domain because its record of provisioning says so.

import type { HoldWay } from '../values/local-way.ts';
import { siteOfWay } from './local-ways.ts';
import { planKey } from './plan-key.ts';

export const provisionedHolds = {
  hold: { kind: 'hold', reason: 'the domain has state=hold' },
  dormant: { kind: 'hold', reason: 'the domain is dormant' },
} as const satisfies Readonly<Record<string, HoldWay>>;

/** The sites of both. */
export function sitesOfProvisionedHolds(): readonly { readonly site: string; readonly reason: string }[] {
  return Object.values(provisionedHolds).map((target) => ({
    site: siteOfWay(planKey({ name: '', isUnnamed: true, target })),
    reason: target.reason,
  }));
}
