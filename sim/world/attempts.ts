// Judges that waiting for a limit never counts as an attempt. The reason of every deferral has to be a destination's reply
// to this recipient, the end of a connection, or a failed DNS look-up; never a limit, an address at rest or a pause.

import type { Refusal } from '../../src/message/refusal.ts';
import { lastRefusalOf } from '../../src/message/refusal-form.ts';
import { refusalText } from '../../src/message/refusal-text.ts';
import { planRefusal } from '../../src/route/outcome.ts';
import type { RoutePlan } from '../../src/route/types.ts';
import type { Effect, RecipientResult } from '../../src/schedule/types.ts';
import { refusalOf } from '../../src/simulate/link.ts';
import type { Network } from '../../src/simulate/network.ts';
import type { Objection, Visit } from '../../src/simulate/trait.ts';
import { Witness } from '../../src/simulate/witness.ts';
import { check } from './ledger.ts';

/** Reasons that the scheduler gives itself when a connection ended without a reply. */
const ownWords: ReadonlySet<string> = new Set([
  'connection closed before the transaction',
  'connection closed before it was ready',
  'no greeting for seconds, while others waited for a connection',
]);

export class Attempts extends Witness {
  /** Texts of failed connections and look-ups. */
  readonly #failures = new Set<string>();
  /** The last answer to each recipient. */
  readonly #answers = new Map<string, string>();
  deferrals = 0;

  /** Wraps a network, so that its failed look-ups are remembered here. */
  watched(network: Network): Network {
    return {
      plan: (route, nowMs) => this.#rememberFailure(network.plan(route, nowMs)),
      planDelayMs: (route) => network.planDelayMs(route),
      host: (ip) => network.host(ip),
    };
  }

  override answered(_visit: Visit, message: number, results: readonly RecipientResult[]): void {
    for (const each of results) {
      if (each.result === 'refused')
        this.#answers.set(`${message}/${each.recipient}`, refusalText(each.refusal));
    }
  }

  override refused(visit: Visit, objection: Objection | undefined): void {
    if (objection !== undefined) this.#failures.add(refusalText(refusalOf(visit, objection)));
  }

  override deferred(
    message: number,
    { recipient, refusal: form }: Extract<Effect, { kind: 'deferred' }>,
  ): void {
    this.deferrals++;
    const name = `${message}/${recipient}`;
    const refusal = lastRefusalOf(form);
    const error = refusal === undefined ? '' : refusalText(refusal);
    const isTold = this.#answers.get(name) === error || this.#failures.has(error) || isOwn(refusal);
    check(
      isTold,
      () => `${name} was deferred for a reason that no destination and no look-up gave: ${error}`,
    );
    this.#answers.delete(name);
  }

  #rememberFailure(plan: RoutePlan): RoutePlan {
    if (plan.kind === 'error') this.#failures.add(refusalText(planRefusal(plan)));
    return plan;
  }
}

function isOwn(refusal: Refusal | undefined): boolean {
  return refusal?.by.kind === 'connection' && ownWords.has(refusal.lines.join(' '));
}
