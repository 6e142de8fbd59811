// What Sluice says of itself against what is seen outside: connections, and what is in the queue. Compared in the step in
// which the manager answers, and only when nothing is on its way that one of the two sides does not know yet.

import type { ManagerStatus } from '../../src/control/operations/status.ts';
import type { QueuePage, SourceRow } from '../../src/control/operations/queue-pages.ts';
import { check } from '../world/ledger.ts';
import { slackMs, type Books, type Offer } from './books.ts';
import type { LimitBooks } from './limit-books.ts';
import type { OverrideBooks } from './override-books.ts';
import type { RefusalBooks } from './refusal-books.ts';

export interface StatusFacts {
  readonly books: Books;
  readonly limitBooks: LimitBooks;
  readonly overrides: OverrideBooks;
  readonly refusals: RefusalBooks;
  /** The most attempts that a recipient, named as `QUEUE ID/INDEX`, can have had. */
  readonly attempts: (name: string) => number;
  /** Sender processes that live. */
  readonly senders: number;
  /** Recipients of transactions in hand at all senders. */
  readonly active: number;
  /** A store that could not be read when the manager started may come later, and its mail with it. */
  readonly isAbsent: (offer: Offer) => boolean;
  /** Since then every receiver lives: what it answered with 250 is known to the manager. */
  readonly receiversSinceMs: number;
  readonly nowMs: number;
  /** The shortest lifetime of mail. */
  readonly lifetimeMs: number;
}

/** @param answer - of the operation `status` or `page` */
export function checkAnswer(answer: unknown, facts: StatusFacts): 'status' | 'page' | undefined {
  if (isStatus(answer)) {
    checkStatus(answer, facts);
    return 'status';
  }
  if (isPage(answer)) {
    checkRows(answer.rows, facts);
    return 'page';
  }
  return undefined;
}

function checkStatus(status: ManagerStatus, { limitBooks, overrides, senders }: StatusFacts): void {
  overrides.checkSaid(status.overrides);
  const { open } = limitBooks;
  check(
    status.connections === open.size,
    () => `status says ${status.connections} connections, and destinations see ${open.size}`,
  );
  check(status.senders === senders, () => `status says ${status.senders} senders, and ${senders} live`);
  const sites = Map.groupBy(open, ({ place }) => place.site);
  for (const { site, connections } of status.sites) {
    const seen = sites.get(site)?.length ?? 0;
    check(connections === seen, () => `status says ${connections} connections to ${site}; it sees ${seen}`);
    sites.delete(site);
  }
  check(sites.size === 0, () => `status does not know the site ${[...sites.keys()].join(', ')}`);
}

function checkRows(rows: readonly SourceRow[], facts: StatusFacts): void {
  const active = rows.filter(({ state }) => state === 'active').length;
  check(
    active === facts.active,
    () => `the queue says ${active} are active, and senders have ${facts.active}`,
  );
  for (const row of rows) facts.refusals.checkRow(row);
  for (const { attempts, queueId, recipientIndex } of rows) {
    const name = `${queueId}/${recipientIndex}`;
    const most = facts.attempts(name);
    check(attempts <= most, () => `${name} has ${attempts} failed attempts, and there were ${most} at most`);
  }
  const queued = new Map(rows.map((row) => [`${row.queueId}/${row.recipientIndex}`, row.state]));
  for (const offer of facts.books.offers.values()) checkOffer(offer, queued, facts);
}

function checkOffer(offer: Offer, queued: ReadonlyMap<string, SourceRow['state']>, facts: StatusFacts): void {
  const { answer, atMs, queueId, recipients } = offer;
  const isJudged = answer === 'accepted' && atMs + facts.lifetimeMs - slackMs > facts.nowMs;
  if (!isJudged || facts.books.isAgeUnknown(offer)) return;
  const isKnown = offer.acceptedAtMs >= facts.receiversSinceMs;
  for (const [index, { address, arrivals, isGivenUp, wasRefused }] of recipients.entries()) {
    // What was refused for good, or given up, waits for its report or not.
    if (isGivenUp || wasRefused) continue;
    const state = queued.get(`${queueId}/${index}`);
    // Of a transaction that is under way nobody has heard yet.
    if (state === 'active') continue;
    const doKnow = arrivals.some(({ forgotten }) => forgotten === undefined);
    check(
      state === undefined || !doKnow,
      () => `${offer.id} to ${address} is in the queue, though it arrived`,
    );
    const mustWait = isKnown && arrivals.length === 0 && !facts.isAbsent(offer);
    check(
      state !== undefined || !mustWait,
      () => `${offer.id} to ${address} is not in the queue, and never arrived`,
    );
  }
}

function isStatus(answer: unknown): answer is ManagerStatus {
  return typeof answer === 'object' && answer !== null && 'siteCount' in answer;
}

function isPage(answer: unknown): answer is QueuePage {
  return typeof answer === 'object' && answer !== null && 'rows' in answer;
}
