// Texts for limits and their counters: what is counted and for which key, how much is used and allowed, and where the limit
// was set.

import { formatDomainPattern } from '../values/domain.ts';
import { formatNetwork } from '../values/network.ts';
import { formatQuantities, formatRate } from '../control/override.ts';
import type { CounterStatus } from '../schedule/limits/status.ts';
import { type LimitKey, type LimitRule, unlimited } from '../schedule/limits/types.ts';
import { age } from './text-table.ts';

/** Counters of the scheduler that are no `[[limit]]`: their names, and what sets how much they allow. */
const ownCounters: Readonly<Record<string, readonly [what: string, origin: string]>> = {
  global: ['connections in all', 'deliver.max_connections'],
  local: ['work on this host', 'deliver.max_local'],
  window: ['connections of source and site', 'adaptation'],
  unanswered: ['connections without a greeting', 'deliver.max_unanswered'],
};

/** `connections per domain`, `messages per group yahoo`. */
export function counterText(counter: CounterStatus, rule: LimitRule | undefined): string {
  const [what] = ownCounters[counter.rule] ?? [];
  if (what !== undefined) return what;
  const name = counter.quantity.replace('_', ' ');
  if (rule === undefined) return `${name} of ${counter.rule}`;
  return rule.per.length === 0 ? `${name} of ${groupText(rule)}` : `${name} per ${rule.per.join(', ')}`;
}

function groupText(rule: LimitRule): string {
  return rule.name === '' ? 'everything' : rule.name;
}

/** `20`, `600/min`, `unlimited`. */
export function allowedText({ allowed, perMs }: CounterStatus): string {
  if (allowed >= unlimited) return 'unlimited';
  return perMs === undefined ? String(allowed) : formatRate({ count: allowed, perMs });
}

/** When a spent rate lets the next one through, e.g. `in 9.4s`; empty when it does so now. */
export function freeText({ freeAtMs }: CounterStatus, nowMs: number): string {
  return freeAtMs === undefined || freeAtMs <= nowMs ? '' : `in ${shortTime(freeAtMs - nowMs)}`;
}

/** A time span, below ten seconds with tenths: waits for rates are often that short. */
export function shortTime(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : age(ms);
}

/** Where a limit was set: file and line, or the command with its reason and end. */
export function originText(counter: CounterStatus, rule: LimitRule | undefined, nowMs: number): string {
  const [, origin] = ownCounters[counter.rule] ?? [];
  return origin ?? (rule === undefined ? '' : ruleOrigin(rule, nowMs));
}

export function ruleOrigin({ origin, reason = '', untilMs }: LimitRule, nowMs: number): string {
  const until = untilMs === undefined ? '' : `, ends in ${age(untilMs - nowMs)}`;
  return `${origin}${until}${reason === '' ? '' : `: ${reason}`}`;
}

/** What a limit allows, as the configuration file writes it. */
export function quantitiesText(rule: LimitRule): string {
  return formatQuantities(rule).join(' ').replaceAll(String(unlimited), 'unlimited');
}

/** What a limit is for: `each domain`, `yahoo: mx *.yahoo.example together`. */
export function scopeText(rule: LimitRule): string {
  const match = matchText(rule, rule.per);
  // The name of a limit that was given none is what it matches: do not say that twice.
  const isNamed =
    !rule.isOverride && rule.name !== '' && !matchText(rule, []).startsWith(rule.name.slice(0, 20));
  const name = isNamed ? `${rule.name}: ` : '';
  if (rule.per.length > 0)
    return `${name}each ${rule.per.join(' and ')}${match === '' ? '' : ` of ${match}`}`;
  return `${name}${match === '' ? 'everything' : match} together`;
}

/** Patterns shown of a list: a file may have thousands. */
const shownPatterns = 4;

/** @param known - keys that the text around already names */
function matchText({ match }: LimitRule, known: readonly LimitKey[]): string {
  const { domain = [], site = [], mx = [], ip = [], source = [], tenant = [], queue = [] } = match;
  const parts: readonly (readonly [LimitKey, readonly string[]])[] = [
    ['domain', domain.map(formatDomainPattern)],
    ['site', site],
    ['mx', mx.map(formatDomainPattern)],
    ['ip', ip.map(formatNetwork)],
    ['source', source.map(formatNetwork)],
    ['tenant', tenant.map((name) => (name === '' ? '""' : name))],
    ['queue', queue],
  ];
  return parts
    .filter(([, items]) => items.length > 0)
    .map(([key, items]) => {
      // `each ip of 192.0.2.0/24` needs no second "ip".
      const what = key === 'domain' || (known.length === 1 && known[0] === key) ? '' : `${key} `;
      const more = items.length > shownPatterns ? ` and ${items.length - shownPatterns} more` : '';
      return `${what}${items.slice(0, shownPatterns).join(', ')}${more}`;
    })
    .join('; ');
}
