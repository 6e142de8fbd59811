// Converts [[limit]] tables to the scheduler's rules, together with the built-in rules that no table replaces.
// Promises: ids are unique, and stay the same over reloads and restarts as long as the name or the match stays the same.

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { builtInLimits } from '../config/built-in-limits.ts';
import type { Config, LimitConfig } from '../config/config.ts';
import { formatDomainPattern } from '../values/domain.ts';
import { formatNetwork } from '../values/network.ts';
import { queueLimitRules } from './queues.ts';
import { provisioningRules, sitesOfRoutes, wayRules } from './way-rules.ts';
import { type LimitKey, type LimitRule, unlimited } from '../schedule/limits/types.ts';

/** A longer text of a match is cut, and made unique by a hash. */
const longestText = 80;

/** The word for a tenant in ids: that of this version, and that of earlier ones. */
type TenantWord = 'tenant' | 'queue';

/** All limits of the configuration; those whose `domain_file` is empty match nothing and are left out. */
export function limitRules(config: Config): LimitRule[] {
  return rulesWithTenantWord(config, 'tenant');
}

/**
 * Maps the ids that an earlier Sluice gave to limits without a name to those of this version: its word for a tenant was "queue".
 * What rates have used up is stored under the id.
 */
export function formerRuleIds(config: Config): ReadonlyMap<string, string> {
  const rules = limitRules(config);
  const ids = new Set(rules.map(({ id }) => id));
  const former = rulesWithTenantWord(config, 'queue').map(
    ({ id }, index) => [id, rules[index]?.id ?? id] as const,
  );
  return new Map(former.filter(([id]) => !ids.has(id)));
}

function rulesWithTenantWord(config: Config, word: TenantWord): LimitRule[] {
  const sites = sitesOfRoutes(config.route);
  const rules = builtInLimits
    .filter(([per]) => !config.limit.some((limit) => isDefaultOfConnections(limit, per)))
    .map(([per, connections]) => builtInRule(per, connections));
  const ids = new Set(rules.map(({ id }) => id));
  for (const limit of config.limit) {
    if (limit.domain?.length !== 0) rules.push(ruleOf(limit, ids, word, sites));
  }
  for (const way of [...wayRules(config.route), ...provisioningRules(config)])
    rules.push({ ...way, id: uniqueId(way.id, ids) });
  for (const own of queueLimitRules(config)) rules.push({ ...own, id: uniqueId(own.id, ids) });
  return rules;
}

function isDefaultOfConnections(limit: LimitConfig, per: LimitKey): boolean {
  return (
    limit.connections !== undefined &&
    limit.per.length === 1 &&
    limit.per[0] === per &&
    matchText(limit, 'tenant') === ''
  );
}

function builtInRule(per: LimitKey, connections: number): LimitRule {
  return {
    id: `built in: per ${per}`,
    name: '',
    origin: 'built in',
    per: [per],
    match: {},
    isOverride: false,
    connections,
  };
}

/** @param ids - the ids in use; the new one is added */
function ruleOf(
  limit: LimitConfig,
  ids: Set<string>,
  word: TenantWord,
  sites: ReadonlyMap<string, string>,
): LimitRule {
  const { domain, mx, ip, source, tenant, queue } = limit;
  const text = matchText(limit, word);
  const per = limit.per.map((key) => (key === 'tenant' ? word : key));
  const what = per.length === 0 ? 'group' : `per ${per.join(' ')}`;
  const id = uniqueId(limit.name ?? shortened(text === '' ? what : `${what}: ${text}`), ids);
  return {
    id,
    name: limit.name ?? shortened(text),
    origin: limit.origin,
    per: limit.per,
    match: {
      domain,
      site: limit.route?.flatMap((name) => sites.get(name) ?? []),
      mx,
      ip,
      source,
      tenant,
      queue,
    },
    isOverride: false,
    connections: numberOf(limit.connections),
    connectionRate: limit.connectionRate,
    messageRate: limit.messageRate,
    recipientRate: limit.recipientRate,
    messagesPerConnection: numberOf(limit.messagesPerConnection),
    recipientsPerMessage: numberOf(limit.recipientsPerMessage),
  };
}

function numberOf(count: number | 'unlimited' | undefined): number | undefined {
  return count === 'unlimited' ? unlimited : count;
}

/** The match of the limit as text: `aol.com`, `mx *.example.net; tenant shop`; empty when it has none. */
function matchText(limit: LimitConfig, word: TenantWord): string {
  const {
    domain = [],
    domainFile,
    mx = [],
    route = [],
    ip = [],
    source = [],
    tenant = [],
    queue = [],
  } = limit;
  // Only the name of a file: its content may change without a new id.
  const domains =
    domainFile === undefined ? domain.map(formatDomainPattern) : [`domains of ${basename(domainFile)}`];
  const others = [
    ['mx', mx.map(formatDomainPattern)],
    ['route', route],
    ['ip', ip.map(formatNetwork)],
    ['source', source.map(formatNetwork)],
    [word, tenant.map((name) => (name === '' ? '""' : name))],
    ['queue', queue],
  ] as const;
  return [
    domains.join(', '),
    ...others.map(([key, items]) => (items.length === 0 ? '' : `${key} ${items.join(', ')}`)),
  ]
    .filter((part) => part !== '')
    .join('; ');
}

function shortened(text: string): string {
  if (text.length <= longestText) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `${text.slice(0, longestText - 14)}... (${hash})`;
}

function uniqueId(wanted: string, ids: Set<string>): string {
  let id = wanted;
  for (let number = 2; ids.has(id); number++) id = `${wanted} #${number}`;
  ids.add(id);
  return id;
}
