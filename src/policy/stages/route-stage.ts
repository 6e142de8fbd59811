// Chooses the route of a message by what it is like, for [[route]] tables with conditions. Promises: the first of them that matches a recipient
// counts; a route that another stage has chosen stays, and copies for archives keep theirs.

import { normalizeDomain } from '../../address/domain.ts';
import type { EnvelopeRecipient } from '../../message/envelope.ts';
import type { SenderPattern } from '../../values/domain.ts';
import type { DomainTable } from '../../values/domain-table.ts';
import { type HeaderCondition, meetsHeaderCondition } from '../../values/header-condition.ts';
import { meetsResultCondition, type ResultCondition } from '../../values/result-condition.ts';
import { type Answer, type ContentFacts, type Edit, goOn, type Stage } from '../stage.ts';

/** All that is given must hold; of a list, one entry. */
export interface ConditionalRoute {
  readonly name: string;
  readonly domains?: DomainTable<true> | undefined;
  readonly senders?: readonly SenderPattern[] | undefined;
  readonly recipients?: readonly SenderPattern[] | undefined;
  /** In lower case; `*`: any user. */
  readonly users?: readonly string[] | undefined;
  readonly tenants?: readonly string[] | undefined;
  /** Bytes. */
  readonly sizeOver?: number | undefined;
  readonly sizeUnder?: number | undefined;
  readonly headers?: readonly HeaderCondition[] | undefined;
  readonly results?: readonly ResultCondition[] | undefined;
  readonly clientTls?: boolean | undefined;
}

export class RouteStage implements Stage {
  readonly name = 'routes';
  readonly isAskedAfterAccept = true;
  readonly #routes: readonly ConditionalRoute[];

  constructor(routes: readonly ConditionalRoute[]) {
    this.#routes = routes;
  }

  content(facts: ContentFacts): Answer {
    const routes = this.#routes.filter((route) => isForMessage(route, facts));
    if (routes.length === 0) return goOn;
    const edits: Edit[] = [];
    for (const recipient of facts.transaction.recipients) {
      if (recipient.isCopy === true || recipient.route !== undefined) continue;
      const route = routes.find((each) => isForRecipient(each, recipient));
      if (route === undefined) continue;
      edits.push({ kind: 'set-route', route: route.name, recipient: recipient.address });
    }
    return edits.length === 0 ? goOn : { kind: 'continue', edits };
  }
}

function isForMessage(route: ConditionalRoute, facts: ContentFacts): boolean {
  const { clientTls, headers, results, senders, sizeOver, sizeUnder, tenants, users } = route;
  const { header, principal, tls, transaction } = facts;
  if (clientTls !== undefined && clientTls !== (tls !== undefined)) return false;
  if (users !== undefined && !isUser(users, principal)) return false;
  if (tenants?.includes(transaction.tenant) === false) return false;
  if (senders?.some((pattern) => isAddress(pattern, transaction.reversePath)) === false) return false;
  if (sizeOver !== undefined || sizeUnder !== undefined) {
    const bytes = sizeOf(facts);
    if (bytes <= (sizeOver ?? -1) || bytes >= (sizeUnder ?? Infinity)) return false;
  }
  const hasField = (condition: HeaderCondition): boolean =>
    header.fields.some(
      ({ name, value }) => name === condition.name && meetsHeaderCondition(condition, value),
    );
  if (headers?.some(hasField) === false) return false;
  return results?.some((each) => meetsResultCondition(each, facts.resultOf(each.stage))) !== false;
}

function isForRecipient({ domains, recipients }: ConditionalRoute, { address }: EnvelopeRecipient): boolean {
  if (domains !== undefined && domains.mostSpecific(domainIn(address)) === undefined) return false;
  return recipients?.some((pattern) => isAddress(pattern, address)) !== false;
}

function isUser(users: readonly string[], principal: string | undefined): boolean {
  if (principal === undefined) return false;
  return users.includes('*') || users.includes(principal.toLowerCase());
}

function isAddress(pattern: SenderPattern, address: string): boolean {
  switch (pattern.kind) {
    case 'null':
      return address === '';
    case 'domain':
      return domainIn(address) === pattern.domain;
    case 'mailbox': {
      const local = address.slice(0, address.lastIndexOf('@'));
      return local.toLowerCase() === pattern.localPart.toLowerCase() && domainIn(address) === pattern.domain;
    }
  }
}

function domainIn(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  return normalizeDomain(domain) ?? domain.toLowerCase();
}

/** Of the whole message as it will leave, without the Received field that is put before it. */
function sizeOf({ body, header }: ContentFacts): number {
  const fields = header.fields.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return fields + header.strayLines.length + body.sizeBytes;
}
