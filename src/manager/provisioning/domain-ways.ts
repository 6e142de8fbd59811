// The ways of mail by the records of its domain: before plugins, tables of routes and [[route]] tables, and before what stages chose.

import { provisionedHolds } from '../../route/provisioned-holds.ts';
import { canonicalDomain, spelledDomain } from '../../route/recipient-domain.ts';
import { targetKey, type NamedTarget } from '../../route/target-key.ts';
import type { RouteKey } from '../../route/types.ts';
import type { KnownDomain } from '../../policy/provisioning/provisioned-domains.ts';
import type { WaySubject } from '../ways/ways.ts';

/** What is said about the way of a recipient. */
export type ProvisionedWay =
  /** Others decide. */
  | { readonly kind: 'usual' }
  | { readonly kind: 'route'; readonly route: RouteKey }
  /** It cannot be told now: the recipient waits. `reason` is a sentence without its period. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** Says what records say; see `DomainDesk`. */
export interface DomainWays {
  of(subject: Pick<WaySubject, 'address' | 'passesHolds'>): ProvisionedWay | Promise<ProvisionedWay>;
  /** The same, if it is known without waiting; undefined: it is not. */
  atOnce(subject: Pick<WaySubject, 'address' | 'passesHolds'>): ProvisionedWay | undefined;
}

const usual: ProvisionedWay = { kind: 'usual' };

/** In canonical form. */
export function domainOfSubject({ address }: Pick<WaySubject, 'address'>): string {
  return canonicalDomain(spelledDomain(address));
}

/** @param passesHolds - its message was released */
export function wayBy(known: KnownDomain, domain: string, passesHolds: boolean): ProvisionedWay {
  if (known.kind === 'none') return usual;
  if (known.kind !== 'record') return { kind: 'unknown', reason: known.reason };
  const { state, redirect = '', backup = [] } = known.record;
  switch (state) {
    case 'active':
      return usual;
    case 'hold':
    case 'dormant':
      return passesHolds ? usual : routeTo(provisionedHolds[state], domain);
    case 'discard':
      return routeTo({ kind: 'discard' }, domain);
    case 'redirect':
      return routeTo({ kind: 'redirect', to: [redirect] }, domain);
    case 'backup':
      return routeTo({ kind: 'smarthost', hosts: backup, mode: 'failover' }, domain);
  }
}

function routeTo(target: NamedTarget, domain: string): ProvisionedWay {
  return { kind: 'route', route: { key: `${targetKey(target)}:${domain}`, domain } };
}
