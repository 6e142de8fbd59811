// The diversions in force in a receiver: the manager tells them, and they choose the queue of mail before any other rule. Where there are none,
// nothing is looked at.

import type { Diversion } from '../../values/diversion.ts';
import { ValueError } from '../../values/value-error.ts';
import { Assignment, type AssignedMail } from './assignment.ts';
import { diversionRule } from './diversion-rule.ts';

type Told = Pick<Diversion, 'queue' | 'conditions'>;

export class LiveDiversions {
  #told: readonly Told[] = [];
  /** Numbers of stores by the names of their queues. */
  #stores: ReadonlyMap<string, number> = new Map();
  #rules: Assignment | undefined;

  /** Which queues there are now. */
  configure(stores: ReadonlyMap<string, number>): void {
    this.#stores = stores;
    this.#compile();
  }

  /** Replaces those before. The first that matches counts. */
  set(diversions: readonly Told[]): void {
    this.#told = diversions;
    this.#compile();
  }

  of(mail: AssignedMail, address: string): number | undefined {
    return this.#rules?.of(mail, address);
  }

  get looksAtHeader(): boolean {
    return this.#rules?.looksAtHeader === true;
  }

  /** One to a queue that is not there (any more) diverts nothing. */
  #compile(): void {
    const rules = this.#told.flatMap(({ queue, conditions }) => {
      const store = this.#stores.get(queue);
      return store === undefined ? [] : (ruleOrNone(conditions, store) ?? []);
    });
    this.#rules = rules.length === 0 ? undefined : new Assignment(rules);
  }
}

/** Conditions are checked when they are set: what another version of Sluice understood, and this one does not, diverts nothing. */
function ruleOrNone(
  conditions: Told['conditions'],
  store: number,
): ReturnType<typeof diversionRule> | undefined {
  try {
    return diversionRule(conditions, store);
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}
