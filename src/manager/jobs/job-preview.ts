// What a job would change: recipients by state, by domain and by their old and new way. Bounded, however many of them there are.

import type { JobPreview, MoveTally, QueueAction, Tally } from '../../control/operations/queue-change.ts';
import { isPassedByRelease } from '../../route/local-ways.ts';
import type { ReleasedHolds } from './message-choice.ts';
import type { RecipientFacts } from '../../schedule/types.ts';

/** Domains that are counted each; recipients of later ones are counted together. */
const mostDomains = 10_000;
/** Domains that are told. */
const toldDomains = 10;
/** Moves that are counted each, and told. */
const mostMoves = 10_000;
const toldMoves = 20;

/**
 * Whether an action changes a recipient of a message that is not being given up.
 * @param released - whose holds a release ends
 */
export function wouldChange(
  action: QueueAction,
  { state, isHeld, route }: RecipientFacts,
  released: ReleasedHolds = 'placed',
): boolean {
  switch (action) {
    case 'hold':
      return !isHeld;
    case 'release':
      return isHeld ? released !== 'of-routes' : released !== 'placed' && isPassedByRelease(route);
    case 'reroute':
    case 'move':
      return state !== 'active';
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
  /** By old and new way. */
  readonly #moves = new Map<string, { -readonly [Key in keyof MoveTally]: MoveTally[Key] }>();
  #otherMoves = 0;

  /** A recipient would go another way. */
  addMove(from: string, to: string): void {
    const name = `${from}\0${to}`;
    const known = this.#moves.get(name);
    if (known !== undefined) known.recipients++;
    else if (this.#moves.size === mostMoves) this.#otherMoves++;
    else this.#moves.set(name, { from, to, recipients: 1 });
  }

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
      ...(this.#moves.size > 0 && this.#movesTold()),
    };
  }

  #movesTold(): Pick<JobPreview, 'moves' | 'otherMoves'> {
    const all = [...this.#moves.values()].sort(
      (a, b) => b.recipients - a.recipients || a.to.localeCompare(b.to) || a.from.localeCompare(b.from),
    );
    const otherMoves = all
      .slice(toldMoves)
      .reduce((sum, { recipients }) => sum + recipients, this.#otherMoves);
    return { moves: all.slice(0, toldMoves), otherMoves };
  }
}

function largestFirst(counts: ReadonlyMap<string, number>): Tally[] {
  return [...counts]
    .map(([name, recipients]) => ({ name, recipients }))
    .sort((a, b) => b.recipients - a.recipients || a.name.localeCompare(b.name));
}
