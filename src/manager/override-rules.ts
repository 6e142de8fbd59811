// Turns operators' overrides into limits of the scheduler: rules that replace those of the configuration in their dimension,
// and the global limit of connections. Pure.

import type { Override } from '../control/override.ts';
import { covers, formatTarget, type OverrideTarget, parseTarget } from '../control/override-target.ts';
import type { LimitKey, LimitMatch, LimitRule } from '../schedule/limits/types.ts';
import type { SchedulerConfig } from '../schedule/types.ts';
import { formatDomainPattern } from '../values/domain.ts';

/** Id of the rule of an override. */
export function overrideRuleId(override: Override): string {
  return `override ${override.id}`;
}

/** Returns the configuration with the overrides applied; the given one is not changed. */
export function withOverrides(config: SchedulerConfig, overrides: readonly Override[]): SchedulerConfig {
  if (overrides.length === 0) return config;
  const { limits } = config;
  const totals = overrides.flatMap(({ target, quantities }) =>
    target === 'all' && quantities.connections !== undefined ? [quantities.connections] : [],
  );
  // A suspension of everything (0 connections) wins over a limit for everything.
  const global = totals.length === 0 ? limits.global : Math.min(...totals);
  // A number that an operator sets is exact, so unanswered connections get no extra.
  const unanswered = totals.length === 0 ? limits.unanswered : 0;
  const suspended = overrides
    .filter((each) => each.kind === 'suspend')
    .map(({ target }) => parseTarget(target));
  const rules = [...limits.rules, ...overrides.flatMap((each) => ruleOf(each, suspended))];
  return { ...config, limits: { ...limits, global, unanswered, rules } };
}

function ruleOf(override: Override, suspended: readonly OverrideTarget[]): LimitRule[] {
  const target = parseTarget(override.target);
  // The global limit counts connections in all. A limit within a suspended target is left out: it would replace the suspension.
  const elsewhere =
    target.kind === 'all' || (override.kind === 'limit' && suspended.some((each) => covers(each, target)));
  const quantities = elsewhere ? { ...override.quantities, connections: undefined } : override.quantities;
  if (Object.values(quantities).every((value) => value === undefined)) return [];
  return [
    {
      id: overrideRuleId(override),
      name: override.label === '' ? nameOf(target) : override.label,
      origin: override.kind === 'suspend' ? 'sluice suspend' : 'sluice limit set',
      ...scopeOf(target),
      isOverride: true,
      ...quantities,
      reason: override.reason,
      untilMs: override.untilMs,
    },
  ];
}

/** Name of the rule where a target means several things, such as a network; empty where the counter's key names the one. */
function nameOf(target: OverrideTarget): string {
  switch (target.kind) {
    case 'domain':
    case 'mx':
      return target.pattern.kind === 'suffix' ? formatDomainPattern(target.pattern) : '';
    case 'ip':
    case 'source': {
      const name = formatTarget(target).slice(target.kind.length + 1);
      return name.includes('/') ? name : '';
    }
    default:
      return '';
  }
}

/** Key and match of the rule: each domain below `*.example.com` has its own count, as has each address of a network. */
function scopeOf(target: OverrideTarget): { readonly per: readonly LimitKey[]; readonly match: LimitMatch } {
  switch (target.kind) {
    case 'all':
      return { per: [], match: {} };
    case 'domain':
      return { per: ['domain'], match: { domain: [target.pattern] } };
    case 'mx':
      return { per: ['mx'], match: { mx: [target.pattern] } };
    case 'site':
      return { per: ['site'], match: { site: [target.site] } };
    case 'ip':
      return { per: ['ip'], match: { ip: [target.network] } };
    case 'source':
      return { per: ['source'], match: { source: [target.network] } };
    case 'tenant':
      return { per: ['tenant'], match: { tenant: [target.name] } };
  }
}
