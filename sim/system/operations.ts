// What operators do while the system lives: they hold, release and retry messages, give recipients up, and suspend domains.
// What they were told is in force must be, over crashes and power cuts, until they take it back.

import { SluiceError } from '../../src/errors/sluice-error.ts';
import { check } from '../world/ledger.ts';
import { pick } from '../world/some-internet.ts';
import type { Books } from './books.ts';
import type { Operation } from './faults.ts';
import { Unanswered, type Operator } from './operator.ts';
import { OverrideOperations } from './override-operations.ts';
import { Promises } from './promises.ts';
import type { Surroundings } from './surroundings.ts';

/** How often everything is let go, until it is. */
const againMs = 1_000;

export class Operations {
  readonly #around: Surroundings;
  readonly #books: Books;
  readonly #held = new Promises();
  readonly #suspended = new Promises();
  readonly #overrides: OverrideOperations;
  /** How many answers said that something is in force. */
  inForce = 0;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#books = around.books;
    this.#overrides = new OverrideOperations(around);
  }

  /** A transaction was granted. */
  granted(queueId: string, domains: readonly string[]): void {
    check(!this.#held.has(queueId), () => `${queueId} is granted, though an operator holds it`);
    const suspended = domains.find((domain) => this.#suspended.has(targetOf(domain)));
    check(suspended === undefined, () => `mail for ${suspended} is granted, though it is suspended`);
  }

  /** An operator does something, if there is anything to do it to. */
  perform(operator: Operator, operation: Operation): void {
    this.#act(operator, operation).catch((error: unknown) => this.#failed(error));
  }

  /** The operators go home: nothing is held, and nothing is suspended. */
  letGo(operator: Operator): void {
    this.#letGo(operator)
      .catch((error: unknown) => {
        this.#failed(error);
        return false;
      })
      .then((isDone) => {
        const { clock } = this.#around;
        if (!isDone) clock.at(clock.nowMs + againMs, () => this.letGo(operator));
      })
      .catch((error: unknown) => this.#around.failed(error));
  }

  async #act(operator: Operator, operation: Operation): Promise<void> {
    const { random } = this.#around;
    if (operation === 'suspend' || operation === 'resume') {
      const domain = pick(random, [...this.#around.internet.domains.keys()]);
      const target = targetOf(domain);
      const told = this.#suspended.asked(target);
      if (operation === 'resume') await this.#overrides.unset(operator, 'suspend', target);
      else {
        await this.#overrides.set(operator, target);
        this.inForce++;
        told();
      }
      return;
    }
    if (operation === 'limit') return this.#overrides.limitSomething(operator);
    if (operation === 'unlimit') return this.#overrides.unlimitSomething(operator);
    const rows = await operator.rows();
    if (rows.length === 0) return;
    const { queueId } = pick(random, rows);
    const chosen = rows.filter((row) => row.queueId === queueId);
    const told = this.#held.asked(queueId);
    if (operation === 'hold') this.#books.held(queueId);
    if (operation === 'bounce') {
      this.#books.givenUp(
        queueId,
        chosen.map(({ recipientIndex }) => ({ recipient: recipientIndex })),
      );
    }
    const { reason, state, unstored } = await operator.change(operation, [queueId]);
    check(state !== 'failed', () => `the job of an operator has failed: ${reason}`);
    if (operation !== 'hold' || state !== 'done' || unstored > 0) return;
    this.inForce++;
    told();
  }

  async #letGo(operator: Operator): Promise<boolean> {
    const { overrides } = await operator.status();
    const held = (await operator.rows()).filter(({ isHeld }) => isHeld);
    for (const { kind, target } of overrides) {
      if (kind === 'suspend') this.#suspended.asked(target);
      await this.#overrides.unset(operator, kind, target);
    }
    if (held.length > 0) {
      for (const { queueId } of held) this.#held.asked(queueId);
      await operator.change('release', [...new Set(held.map(({ queueId }) => queueId))]);
    }
    return overrides.length === 0 && held.length === 0;
  }

  #failed(error: unknown): void {
    // Nobody has answered, or it could not be stored: then nothing is in force, as far as an operator knows.
    const isKnown = error instanceof Unanswered || error instanceof SluiceError;
    if (!isKnown) this.#around.failed(error);
  }
}

function targetOf(domain: string): string {
  return `domain:${domain}`;
}
