// What an operator suspends or limits, as it is written on the command line: `domain:aol.com`, `ip:192.0.2.0/24`, `all`.
// Promises: what `formatTarget` prints, `parseTarget` reads back.

import {
  type DomainPattern,
  formatDomainPattern,
  includesPattern,
  parseDomainPattern,
  parseRecipientDomain,
} from '../values/domain.ts';
import { contains, formatNetwork, type Network, parseNetwork } from '../values/network.ts';
import { ValueError } from '../values/value-error.ts';
import { isIP } from '../values/ip-version.ts';

export type OverrideTarget =
  | { readonly kind: 'all' }
  /** Recipient domains, or names of MX hosts. */
  | { readonly kind: 'domain' | 'mx'; readonly pattern: DomainPattern }
  /** A key as in `RelayPlan.site`. What an operator writes may also be the site's label or one of its domains. */
  | { readonly kind: 'site'; readonly site: string }
  /** Addresses of destinations (`ip`), or our own (`source`). */
  | { readonly kind: 'ip' | 'source'; readonly network: Network }
  | { readonly kind: 'tenant'; readonly name: string };

const forms =
  'write domain:example.com, domain:*.example.com, site:example.com, mx:mx1.example.com, ip:192.0.2.0/24, source:192.0.2.1, tenant:NAME, or all';

/** Sites and tenants may have any name that can be printed on one line. */
const printableLine = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,500}$/u;

/**
 * Reads a target; a bare domain means `domain:`.
 * @throws {ValueError} when the text is no target
 */
export function parseTarget(text: string): OverrideTarget {
  if (text === 'all') return { kind: 'all' };
  const colon = text.indexOf(':');
  const kind = text.slice(0, Math.max(colon, 0));
  const rest = text.slice(colon + 1);
  switch (kind) {
    case 'domain':
      return { kind, pattern: parseRecipientDomain(rest) };
    case 'mx':
      return { kind, pattern: parseDomainPattern(rest) };
    case 'site':
      return { kind, site: nameOf(rest, text) };
    case 'ip':
    case 'source':
      return { kind, network: parseNetwork(rest) };
    case 'tenant':
      return { kind, name: nameOf(rest, text) };
    default:
      return bareDomain(text);
  }
}

function nameOf(name: string, text: string): string {
  if (printableLine.test(name)) return name;
  throw new ValueError(`"${text}" has no usable name; ${forms}`);
}

function bareDomain(text: string): OverrideTarget {
  const [address = ''] = text.split('/');
  if (isIP(address) !== 0) {
    throw new ValueError(
      `"${text}": write ip:${text} for a destination, or source:${text} for our own address`,
    );
  }
  if (!text.startsWith('[') && (!text.includes('.') || text.includes(':'))) {
    throw new ValueError(`"${text}" is not a target; ${forms}`);
  }
  return { kind: 'domain', pattern: parseRecipientDomain(text) };
}

/** Writes a target in its only normal form. */
export function formatTarget(target: OverrideTarget): string {
  switch (target.kind) {
    case 'all':
      return 'all';
    case 'domain':
    case 'mx':
      return `${target.kind}:${formatDomainPattern(target.pattern)}`;
    case 'site':
      return `site:${target.site}`;
    case 'ip':
    case 'source':
      return `${target.kind}:${formatNetwork(target.network)}`;
    case 'tenant':
      return `tenant:${target.name}`;
  }
}

/** Whether `outer` is wider than `inner` and includes all of it, as far as the two targets alone tell. */
export function covers(outer: OverrideTarget, inner: OverrideTarget): boolean {
  if (formatTarget(outer) === formatTarget(inner)) return false;
  if (outer.kind === 'all') return true;
  if ((outer.kind === 'domain' || outer.kind === 'mx') && inner.kind === outer.kind) {
    return includesPattern(outer.pattern, inner.pattern);
  }
  if ((outer.kind === 'ip' || outer.kind === 'source') && inner.kind === outer.kind) {
    return contains(outer.network, inner.network);
  }
  return false;
}
