// The way of a recipient by the tables of routes, before the [[route]] tables decide. Promises: a table that cannot answer never makes mail go
// another way; whoever asks then lets the recipient wait, with the reason.

import { holdsMail } from '../../route/local-ways.ts';
import { canonicalDomain, spelledDomain } from '../../route/recipient-domain.ts';
import { targetKey } from '../../route/target-key.ts';
import { routeForms } from '../../route/tables/form.ts';
import { whyNoLogin } from '../../route/tables/way.ts';
import type { RouteKey, Router } from '../../route/types.ts';
import type { RouteTableConfig } from '../../config/route-table-config.ts';
import { RecentMap } from '../../dns/recent-map.ts';
import type { HopLogin } from '../../values/hop-login.ts';
import { type Answer, firstOf, type Table } from '../../table/table.ts';
import { tableKey } from '../../table/table-key.ts';

/** What tables are asked about. */
export interface WaySubject {
  readonly reversePath: string;
  readonly address: string;
  /** Empty: none. */
  readonly tenant: string;
  /** Who handed the message in; empty: nobody who had logged in. */
  readonly user: string;
  /** Its message was released: a route that holds mail is none for it. */
  readonly passesHolds?: boolean;
}

export type FoundWay =
  /** `table` has decided; none: the [[route]] tables do. */
  | { readonly kind: 'found'; readonly route: RouteKey; readonly table?: string }
  /** `table` cannot tell it now. `reason` is a sentence without its period. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly table: string };

/** A table of routes, with the table that it names. */
export interface AskedTable extends RouteTableConfig {
  readonly source: Pick<Table, 'lookup' | 'lookupAtOnce' | 'lookupFirst'>;
}

/** The log-in of the [[credential]] with this user: the only one that there is. */
export type LoginOfUser = (user: string) => HopLogin | 'none' | 'several';

/** Values whose plan keys are kept. */
const mostTargets = 10_000;

export interface WaysParts {
  /** Not given: there are none. */
  readonly loginOf?: LoginOfUser;
  readonly tables: readonly AskedTable[];
  /** Names of the [[route]] tables. */
  readonly routeNames: ReadonlySet<string>;
}

export class Ways {
  readonly #tables: readonly AskedTable[];
  readonly #hasRoute: (name: string) => boolean;
  readonly #loginOf: LoginOfUser;
  /** Plan keys of hosts by value, as many entries have the same value; for each form. */
  readonly #targets = new Map<RouteTableConfig['form'], RecentMap<string, string>>();

  constructor({ loginOf = () => 'none', tables, routeNames }: WaysParts) {
    this.#loginOf = loginOf;
    this.#tables = tables;
    for (const { form } of tables) this.#targets.set(form, new RecentMap(mostTargets));
    this.#hasRoute = (name) => routeNames.has(name);
  }

  /**
   * The way of a recipient: at once where all tables that are asked answer at once.
   * @param router - in force
   */
  of(router: Router, subject: WaySubject): FoundWay | Promise<FoundWay> {
    return this.#from(0, router, subject, domainOf(subject.address));
  }

  /** The way, if it is known without asking anybody who has to be waited for; undefined: it is not. */
  atOnce(router: Router, subject: WaySubject): FoundWay | undefined {
    const domain = domainOf(subject.address);
    for (const table of this.#tables) {
      const { source } = table;
      const keys = keysOf(table, subject, domain);
      if (keys.length === 0) continue;
      const answers =
        source.lookupAtOnce === undefined ? firstAnswer(source, keys) : source.lookupAtOnce(keys);
      if (answers === undefined || answers instanceof Promise) return undefined;
      const way = this.#wayBy(table, answers, domain, router, subject);
      if (way !== undefined) return way;
    }
    return { kind: 'found', route: router.routeOfCanonical(subject.reversePath, domain) };
  }

  /** Asks the tables from this one on. @param domain - of the recipient, in canonical form */
  #from(index: number, router: Router, subject: WaySubject, domain: string): FoundWay | Promise<FoundWay> {
    for (let at = index; at < this.#tables.length; at++) {
      const table = this.#tables[at] as AskedTable;
      const keys = keysOf(table, subject, domain);
      if (keys.length === 0) continue;
      const answers = firstAnswer(table.source, keys);
      if (answers instanceof Promise)
        return answers.then(
          (known) =>
            this.#wayBy(table, known, domain, router, subject) ?? this.#from(at + 1, router, subject, domain),
        );
      const way = this.#wayBy(table, answers, domain, router, subject);
      if (way !== undefined) return way;
    }
    return { kind: 'found', route: router.routeOfCanonical(subject.reversePath, domain) };
  }

  /** Undefined: the table has nothing about it, or a route that holds mail for what was released. */
  #wayBy(
    { table, form }: AskedTable,
    answers: Answer | readonly Answer[],
    domain: string,
    router: Router,
    { reversePath, address, passesHolds }: WaySubject,
  ): FoundWay | undefined {
    const first = 'kind' in answers ? answers : firstOf(answers);
    if (first.kind === 'absent') return undefined;
    if (first.kind === 'failing')
      return unknown(table, `The table "${table}" cannot say where it goes: ${first.reason}`);
    const { lastCounts, read } = routeForms[form];
    const value = first.values.at(lastCounts ? -1 : 0) ?? '';
    const known = this.#targets.get(form)?.get(value);
    if (known !== undefined) return found(table, { key: `${known}:${domain}`, domain });
    const way = read(value, domain, this.#hasRoute);
    switch (way.kind) {
      case 'usual':
        return { kind: 'found', route: router.routeOfCanonical(reversePath, domain) };
      case 'mx':
        return found(table, { key: `mx:${domain}`, domain });
      case 'route': {
        const route = router.routeNamed(way.name, reversePath, address);
        return passesHolds === true && holdsMail(route.key) ? undefined : found(table, route);
      }
      case 'target': {
        const key = targetKey(way.target);
        // In other kinds, the domain may be a part of it.
        if (way.target.kind === 'smarthost') this.#targets.get(form)?.set(value, key);
        return found(table, { key: `${key}:${domain}`, domain });
      }
      case 'login': {
        const login = this.#loginOf(way.user);
        if (typeof login === 'string') return unusable(table, withoutSecret(value), whyNoLogin(way, login));
        return found(table, { key: `${targetKey({ ...way.target, login })}:${domain}`, domain });
      }
      case 'wrong':
        return unusable(table, withoutSecret(value), way.why);
    }
  }
}

function unusable(table: string, value: string, why: string): FoundWay {
  const entry = JSON.stringify(value.slice(0, 200));
  return unknown(table, `The entry ${entry} of the table "${table}" cannot be used: ${why}`);
}

/** What stands behind the user in a line of s/qmail. */
function withoutSecret(value: string): string {
  return value.replace(/^([^|]*\|[^|]*\|).*$/su, '$1...');
}

function firstAnswer(
  source: AskedTable['source'],
  keys: readonly string[],
): Answer | readonly Answer[] | Promise<Answer | readonly Answer[]> {
  return source.lookupFirst === undefined ? source.lookup(keys) : source.lookupFirst(keys);
}

/** In canonical form. */
function domainOf(address: string): string {
  return canonicalDomain(spelledDomain(address));
}

/** None where the table has nothing to say about such mail. */
function keysOf(
  { by, delimiter, form, from, isOfPatterns }: AskedTable,
  { reversePath, address, tenant, user }: WaySubject,
  ofRecipient: string,
): readonly string[] {
  if (by === 'user' && user === '') return [];
  // These look at the whole address themselves.
  if (from?.kind === 'program' || isOfPatterns === true)
    return [tableKey(subjectOf(by, { reversePath, address, tenant, user }))];
  if (by === 'tenant') return [tableKey(tenant), '*'];
  const isSender = by === 'sender';
  const asked = by === 'recipient' ? address : isSender ? reversePath : user;
  const domain = by === 'recipient' ? ofRecipient : domainOf(asked);
  const isBounce = reversePath === '';
  const keys = routeForms[form].keys({ address: asked, domain, delimiter, isBounce, isSender });
  // All of them are made of these; the canonical form of an address literal has capitals.
  return /[A-Z\u0080-\uffff]/.test(asked) || domain.startsWith('[') ? keys.map(tableKey) : keys;
}

function found(table: string, route: RouteKey): FoundWay {
  return { kind: 'found', route, table };
}

function unknown(table: string, reason: string): FoundWay {
  return { kind: 'unknown', reason, table };
}

function subjectOf(by: AskedTable['by'], { reversePath, address, tenant, user }: WaySubject): string {
  switch (by) {
    case 'recipient':
      return address;
    case 'sender':
      return reversePath === '' ? '<>' : reversePath;
    case 'tenant':
      return tenant;
    case 'user':
      return user;
  }
}
