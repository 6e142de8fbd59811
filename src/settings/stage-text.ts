// What each stage is configured with, on one line, for `sluice explain`.

import type { Config } from '../config/config.ts';
import { type DomainPattern, formatDomainPattern, type SenderPattern } from '../values/domain.ts';
import { formatNetwork, type Network } from '../values/network.ts';
import { formatResultCondition, type ResultCondition } from '../values/result-condition.ts';
import { tapText } from './taps.ts';

/** @param name - of a stage. Empty for one without keys of its own */
export function stageText(config: Config, name: string): string {
  const own = config.stage.find((stage) => stage.name === name);
  if (own !== undefined) return keysText(own);
  switch (name) {
    case 'relay':
      return keysText({
        relayNetworks: config.receive.relayNetworks.length,
        relayDomains: config.receive.relayDomains.length,
      });
    case 'tenant':
      return config.tenant.length === 0
        ? ''
        : `[[tenant]] ${config.tenant.map((each) => each.name).join(', ')}`;
    case 'recipients':
      return `[[recipients]]: ${config.recipients.length}`;
    case 'taps':
      return config.tap.map((tap) => `[[tap]] ${tap.name}: ${tapText(tap)}`).join('; ');
    case 'rewriting':
      return rulesText(config.rewrite);
    case 'rewriting-recipients':
    case 'rewriting-incoming':
      return rulesText(config.rewrite.filter(({ where }) => where === 'everywhere'));
    case 'client-rules':
      return `[clients] rules=${JSON.stringify(config.clients.rules ?? '')}`;
    default:
      return '';
  }
}

/** The rules of [[rewrite]], in the order in which they are applied. */
function rulesText(rules: Config['rewrite']): string {
  return rules.map((rule) => `[[rewrite]] ${keysText(writtenRule(rule))}`).join('; ');
}

function writtenRule(rule: Config['rewrite'][number]): object {
  const own = { ...rule, where: undefined };
  if (rule.kind === 'canonical') return own;
  return { ...own, domains: rule.domains.map(({ domain, isKept }) => (isKept ? `!${domain}` : domain)) };
}

/** Their values may be secrets, such as the password of a database: whoever may only ask sees their names alone. */
const secretKeys: ReadonlySet<string> = new Set(['environment', 'options']);

function keysText(keys: object): string {
  return Object.entries(keys)
    .filter(([key, value]) => key !== 'name' && value !== undefined && !isEmpty(value))
    .map(([key, value]) => `${snakeCase(key)}=${shownValue(key, value)}`)
    .join(' ');
}

function shownValue(key: string, value: unknown): string {
  if (secretKeys.has(key)) return namesText(value);
  // The zone of a list may have a secret key in it, and then has another name to show.
  if (key === 'list' && Array.isArray(value))
    return (value as readonly { readonly zone: string; readonly shownAs?: string }[])
      .map(({ zone, shownAs = zone }) => shownAs)
      .join(',');
  return valueText(value);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function namesText(value: unknown): string {
  return `{${Object.keys(value as object).join(', ')}}`;
}

function valueText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value, asWritten);
}

/** Networks, patterns and conditions as the configuration has them. */
function asWritten(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('prefix' in value) return formatNetwork(value as Network);
  if ('type' in value && 'path' in value) return `${String(value.type)}:${String(value.path)}`;
  if ('stage' in value && 'value' in value) return formatResultCondition(value as ResultCondition);
  if ('kind' in value && ('domain' in value || value.kind === 'null'))
    return formatPattern(value as DomainPattern | SenderPattern);
  return value;
}

function formatPattern(pattern: DomainPattern | SenderPattern): string {
  switch (pattern.kind) {
    case 'exact':
    case 'suffix':
      return formatDomainPattern(pattern);
    case 'mailbox':
      return `${pattern.localPart}@${pattern.domain}`;
    case 'domain':
      return pattern.domain;
    case 'null':
      return '<>';
  }
}

function snakeCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
