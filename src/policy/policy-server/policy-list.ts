// Policy servers that follow each other in the configuration: a list, as smtpd_recipient_restrictions of Postfix is one. What one of them says may
// hold for those after it, for the other recipients, and for the message as a whole. Promises: nothing of it lasts longer than what it was said about.

import type { PolicyPoint } from '../../values/policy-points.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import type { Edit, Facts, SessionFacts } from '../stage.ts';

/** What is decided about at one point: the command of a client. */
export interface PolicyRun {
  readonly about: string;
  /** Who was asked so far. */
  readonly asked: Set<string>;
  /** OK was said: nobody else is asked. */
  isOver: boolean;
  /** DEFER_IF_PERMIT, DEFER_IF_REJECT: the first of each counts. */
  ifPermit: Reply | undefined;
  ifReject: Reply | undefined;
}

/** What was said of the message as a whole, for all of its recipients, and is to be done. */
interface Orders {
  redirect: string | undefined;
  readonly copies: Set<string>;
  route: string | undefined;
  /** Fields that were put above the message so far. */
  fields: number;
}

interface ListState {
  run: PolicyRun | undefined;
  orders: Orders | undefined;
}

export class PolicyList {
  /** The facts are one object for each session. */
  readonly #sessions = new WeakMap<SessionFacts, ListState>();

  /** The run of this command; a new one, when this server was asked in the present one. */
  begin(server: string, point: PolicyPoint, facts: Facts): PolicyRun {
    const state = this.#of(facts);
    const about = aboutOf(point, facts);
    if (state.run?.about !== about || state.run.asked.has(server)) {
      const fresh = { isOver: false, ifPermit: undefined, ifReject: undefined };
      state.run = { about, asked: new Set(), ...fresh };
    }
    state.run.asked.add(server);
    return state.run;
  }

  /** Does the session still wait for this run? */
  isPresent(run: PolicyRun, facts: SessionFacts): boolean {
    return this.#sessions.get(facts)?.run === run;
  }

  /** The run of this command at its end: from now on there is none. Undefined: nobody was asked. */
  end(point: PolicyPoint, facts: Facts): PolicyRun | undefined {
    const state = this.#sessions.get(facts);
    if (state?.run === undefined) return undefined;
    const { run } = state;
    state.run = undefined;
    return run.about === aboutOf(point, facts) ? run : undefined;
  }

  /** The last address counts. */
  redirect(facts: SessionFacts, address: string): void {
    this.#ordersOf(facts).redirect = address;
  }

  copyTo(facts: SessionFacts, address: string): void {
    this.#ordersOf(facts).copies.add(address);
  }

  setRoute(facts: SessionFacts, route: string): void {
    this.#ordersOf(facts).route = route;
  }

  /** The place of the next field: above all others, in the order in which they were said. */
  nextField(facts: SessionFacts): number {
    return this.#ordersOf(facts).fields++;
  }

  /** What is to be done with the message, once. */
  takeEdits(facts: Facts): readonly Edit[] {
    const orders = this.#sessions.get(facts)?.orders;
    if (orders === undefined) return [];
    const { redirect, copies, route } = orders;
    const edits: Edit[] = [];
    if (redirect !== undefined) {
      const before = new Set(facts.transaction.recipients.map(({ address }) => address));
      for (const address of before) edits.push({ kind: 'remove-recipient', address });
      edits.push({ kind: 'add-recipient', recipient: { address: redirect } });
    }
    for (const address of copies) edits.push({ kind: 'add-recipient', recipient: { address } });
    if (route !== undefined) edits.push({ kind: 'set-route', route });
    orders.redirect = undefined;
    orders.copies.clear();
    orders.route = undefined;
    return edits;
  }

  /** The transaction has ended, and what was said of its message with it. */
  forgetMessage(facts: SessionFacts): void {
    const state = this.#sessions.get(facts);
    if (state !== undefined) state.orders = undefined;
  }

  #of(facts: SessionFacts): ListState {
    let state = this.#sessions.get(facts);
    if (state === undefined) this.#sessions.set(facts, (state = { run: undefined, orders: undefined }));
    return state;
  }

  #ordersOf(facts: SessionFacts): Orders {
    return (this.#of(facts).orders ??= {
      redirect: undefined,
      copies: new Set(),
      route: undefined,
      fields: 0,
    });
  }
}

function aboutOf(point: PolicyPoint, facts: Facts): string {
  if (point === 'connect' || point === 'helo') return `${point} ${facts.client.address} ${facts.helo}`;
  const { queueId, recipients } = facts.transaction;
  return point === 'rcpt'
    ? `${queueId} rcpt ${recipients.length} ${facts.recipient.address}`
    : `${queueId} ${point}`;
}
