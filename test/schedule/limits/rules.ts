// Short forms for limits, and for the messages and places that they are looked up for.

import { parseRecipientDomain, type DomainPattern } from '../../../src/values/domain.ts';
import { parseNetwork, type Network } from '../../../src/values/network.ts';
import type {
  AppliedLimit,
  LimitKey,
  LimitMatch,
  LimitRule,
  PlaceFacts,
  TaskFacts,
} from '../../../src/schedule/limits/types.ts';

export const domains = (...texts: string[]): DomainPattern[] => texts.map(parseRecipientDomain);
export const networks = (...texts: string[]): Network[] => texts.map(parseNetwork);

/** A limit of 5 connections unless `sets` says otherwise. */
export function rule(
  id: string,
  per: readonly LimitKey[],
  match: LimitMatch = {},
  sets: Partial<LimitRule> = { connections: 5 },
): LimitRule {
  return { id, name: id, origin: 'test', per, match, isOverride: false, ...sets };
}

export function task(domain: string, tenant = ''): TaskFacts {
  return { domain, tenant };
}

export function place(facts: Partial<PlaceFacts> = {}): PlaceFacts {
  return { site: 'mx:mx.example.net', mx: 'mx.example.net', ip: '192.0.2.1', source: '', ...facts };
}

/** `ID` for a group, else `ID KEY`. */
export const shown = (limits: readonly AppliedLimit[]): string[] =>
  limits.map(({ rule: { id }, key }) => `${id} ${key}`.trimEnd()).sort();
