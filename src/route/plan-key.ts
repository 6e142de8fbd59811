// The part of a route key that stands for a rule and its target. After a reload mail may still have the key of an earlier routing
// table: the key must not lead it where a rule leads that now has the same name or the same place in the configuration.

import type { MailboxSettings } from '../values/mailbox-way.ts';
import type { SystemSettings } from '../values/system-way.ts';
import { createHash } from 'node:crypto';
import { formatMailServer } from '../values/mail-server.ts';
import type { TlsLevel } from '../values/tls-policy.ts';
import { changesParts } from './header-changing.ts';
import type { RouteRule, RouteTarget } from './route-rule.ts';

/** 72 bits: enough that two targets of the rules of one name do not collide. */
const digestChars = 12;

/**
 * Names the plan of a rule, e.g. `relay#partners~C0sD3kQ1vZ8a`: rules with a smarthost or an error have one plan for all
 * domains. The same in two routing tables only if the target is the same. Rules without a name share it if they have the same
 * target.
 */
export function planKey(rule: Omit<RouteRule, 'match'>): string {
  const { name, isUnnamed, target } = rule;
  // Escaped, so that the first colon of a route key ends the rule's part.
  const shownName = isUnnamed === true ? '' : encodeURIComponent(name.toWellFormed());
  const key = `${target.kind === 'smarthost' ? 'relay' : target.kind}#${shownName}~${digestOf(rule)}`;
  const login = target.kind === 'smarthost' ? target.login : undefined;
  // Neither an escaped name nor base64url has a plus sign.
  return login === undefined ? key : `${key}+${login.id}`;
}

/** The key of the same plan without its log-in, which senders may decide. */
export function withoutLogin(planKey: string): string {
  const plus = planKey.indexOf('+');
  return plus === -1 ? planKey : planKey.slice(0, plus);
}

/** The name of the rule in a route key; empty for the MX, for a rule without a name, and for hosts that were named without a rule. */
export function routeNameIn(routeKey: string): string {
  const name = /(?:^|!)(?!to#)[a-z-]+#([^~:+]*)/.exec(routeKey)?.[1] ?? '';
  return decodeURIComponent(name);
}

/** Does the rule lead to the MX of each domain in a way of its own: with other hosts behind them, another header, its own sources or times? */
export function isMxInOwnWay({ target, otherwise, header, sources, isTold }: RouteRule): boolean {
  if (target.kind !== 'mx') return false;
  return otherwise !== undefined || header !== undefined || sources !== undefined || isTold === true;
}

/** Does it lead to the MX of its domain, with a rule or without? @param key - of a plan or route */
export function isToMx(key: string): boolean {
  return key.startsWith('mx:') || isOfOwnMx(key);
}

/** Is it of such a rule? Then the domain is a part of the plan. @param key - of a plan or route */
export function isOfOwnMx(key: string): boolean {
  return key.startsWith('mx#');
}

/** Does a route key lead to a log-in with this credential? Names of credentials have neither a plus sign nor a tilde. */
export function hasLoginOf(routeKey: string, credential: string): boolean {
  return routeKey.includes(`+${credential}~`);
}

function digestOf({
  target,
  otherwise = [],
  header,
  sources,
}: Pick<RouteRule, 'target' | 'otherwise' | 'header' | 'sources'>): string {
  const targets = otherwise.length === 0 ? partsOf(target) : [target, ...otherwise].map(partsOf);
  const changed = header === undefined ? targets : [targets, changesParts(header)];
  const parts = sources === undefined ? changed : [changed, { sources }];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, digestChars);
}

function tlsParts(level: TlsLevel | undefined): readonly unknown[] {
  return level === undefined ? [] : [{ tls: level }];
}

/** In a fixed order: objects of equal content may have their keys in another order. */
function partsOf(target: RouteTarget): readonly unknown[] {
  switch (target.kind) {
    case 'mx':
      return [];
    case 'mx-of':
      return [target.domain, target.port ?? ''];
    case 'smarthost':
      return [
        target.mode,
        ...target.hosts.map(({ host, port, implicitTls }) =>
          implicitTls === true ? [host, port, 'tls'] : [host, port],
        ),
        ...tlsParts(target.tls),
      ];
    case 'lmtp':
    case 'qmqp':
    case 'qmtp':
      return [target.mode, ...target.servers.map(formatMailServer), ...tlsParts(target.tls)];
    case 'discard':
      return [];
    case 'pipe': {
      const { command, as, timeMs, memoryBytes, outputBytes, exitCodes } = target;
      const user = as === undefined ? [] : [as.user, as.group ?? ''];
      return [
        command,
        user,
        timeMs,
        memoryBytes ?? 0,
        outputBytes,
        exitCodes,
        target.traceFields,
        target.mboxFrom,
      ];
    }
    case 'archive': {
      const { place } = target;
      return place.kind === 'maildir'
        ? [place.kind, place.folder]
        : [place.kind, place.path, place.rotate, place.mostBytes ?? 0];
    }
    case 'mailbox':
      return mailboxParts(target);
    case 'local':
      return systemParts(target);
    case 'redirect':
      return target.to;
    case 'hold':
      return [target.reason];
    case 'error':
      return [target.replyCode, target.enhancedStatus, target.text];
  }
}

function mailboxParts({
  path,
  separators,
  folders,
  quota,
  shared,
}: MailboxSettings): readonly (string | number)[] {
  const { bytes = 0, messages = 0, whenFull, graceMs, warnPercent } = quota;
  const parts = [path, separators, folders, bytes, messages, whenFull, graceMs, warnPercent];
  return shared === undefined ? parts : [...parts, JSON.stringify(shared)];
}

function systemParts(settings: SystemSettings): readonly unknown[] {
  const { aliases, permits, instructions, mailbox, separators, aliasUser = '', leastUid } = settings;
  const { perUser, timeMs, memoryBytes = 0, processes, outputBytes } = settings;
  const whom = [aliases, permits, instructions, mailbox, separators, aliasUser, leastUid];
  return [...whom, perUser, timeMs, memoryBytes, processes, outputBytes];
}
