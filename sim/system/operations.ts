// What operators do while the system lives: they hold, release and retry messages, give recipients up, and suspend domains.
// What they were told is in force must be, over crashes and power cuts, until they take it back.

import type { SourceRow } from '../../src/control/queue-source.ts';
import { check } from '../world/ledger.ts';
import { pick } from '../world/some-internet.ts';
import type { Books } from './books.ts';
import type { Operation } from './faults.ts';
import { Unanswered, type Operator } from './operator.ts';
import type { Surroundings } from './surroundings.ts';

/** How often everything is let go, until it is. */
const againMs = 1_000;

export class Operations {
  readonly #around: Surroundings;
  readonly #books: Books;
  /** Told to be in force, and not taken back. */
  readonly #held = new Set<string>();
  readonly #suspended = new Set<string>();
  /** How many answers said that something is in force. */
  inForce = 0;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#books = around.books;
  }

  /** A transaction was granted. */
  granted(queueId: string, domains: readonly string[]): void {
    check(!this.#held.has(queueId), () => `${queueId} is granted, though an operator holds it`);
    const suspended = domains.find((domain) => this.#suspended.has(domain));
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
      this.#suspended.delete(domain);
      if (operation === 'resume') await operator.resume([`domain:${domain}`]);
      else {
        await operator.suspend([`domain:${domain}`]);
        this.inForce++;
        this.#suspended.add(domain);
      }
      return;
    }
    const rows = await operator.rows();
    if (rows.length === 0) return;
    const { queueId } = pick(random, rows);
    const chosen = rows.filter((row) => row.queueId === queueId).map(chosenOf);
    this.#held.delete(queueId);
    if (operation === 'bounce') this.#books.givenUp(queueId, chosen);
    const { unstored } = await operator.change(operation, chosen);
    if (operation !== 'hold' || unstored > 0) return;
    this.inForce++;
    this.#held.add(queueId);
  }

  async #letGo(operator: Operator): Promise<boolean> {
    this.#held.clear();
    this.#suspended.clear();
    const { overrides } = await operator.status();
    const held = (await operator.rows()).filter(({ isHeld }) => isHeld);
    if (overrides.length > 0) await operator.resume(overrides.map(({ target }) => target));
    if (held.length > 0) await operator.change('release', held.map(chosenOf));
    return overrides.length === 0 && held.length === 0;
  }

  #failed(error: unknown): void {
    // Nobody has answered, or it could not be stored: then nothing is in force, as far as an operator knows.
    const isKnown = error instanceof Unanswered || (error instanceof Error && 'code' in error);
    if (!isKnown) this.#around.failed(error);
  }
}

function chosenOf({ queueId, message, recipientIndex }: SourceRow) {
  return { queueId, message, recipient: recipientIndex, sender: '', address: '' };
}
