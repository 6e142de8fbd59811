// What a job would change: recipients by state and by domain. Bounded, however many domains there are.

import type { JobPreview, QueueAction, Tally } from '../../control/operations/queue-change.ts';
import type { RecipientFacts } from '../../schedule/types.ts';

/** Domains that are counted each; recipients of later ones are counted together. */
const mostDomains = 10_000;
/** Domains that are told. */
const toldDomains = 10;

/** Whether an action changes a recipient of a message that is not being given up. */
export function wouldChange(action: QueueAction, { state, isHeld }: RecipientFacts): boolean {
  switch (action) {
    case 'hold':
      return !isHeld;
    case 'release':
      return isHeld;
    case 'retry':
      return state !== 'active' && state !== 'held';
    case 'remove':
    case 'bounce':
      return state !== 'active';
    default:
      return action satisfies never;
  }
}

export class PreviewCounts {
  readonly #states = new Map<string, number>();
  readonly #domains = new Map<string, number>();
  #others = 0;

  add(recipients: readonly RecipientFacts[]): void {
    for (const { domain, state } of recipients) {
      this.#states.set(state, (this.#states.get(state) ?? 0) + 1);
      const count = this.#domains.get(domain);
      if (count === undefined && this.#domains.size === mostDomains) this.#others++;
      else this.#domains.set(domain, (count ?? 0) + 1);
    }
  }

  get preview(): JobPreview {
    const domains = largestFirst(this.#domains);
    const rest = domains.slice(toldDomains).reduce((sum, { recipients }) => sum + recipients, this.#others);
    return {
      states: largestFirst(this.#states),
      domains: domains.slice(0, toldDomains),
      otherDomains: rest,
    };
  }
}

function largestFirst(counts: ReadonlyMap<string, number>): Tally[] {
  return [...counts]
    .map(([name, recipients]) => ({ name, recipients }))
    .sort((a, b) => b.recipients - a.recipients || a.name.localeCompare(b.name));
}
