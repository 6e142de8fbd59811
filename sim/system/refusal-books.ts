// What destinations have refused, and which of it a manager has heard: what is refused for good is not tried again, and the queue
// says how often it was tried and why it waits, also after a crash, as far as anybody still knows.

import type { SourceRow } from '../../src/control/operations/queue-pages.ts';
import type { AttemptResult } from '../../src/deliver/types.ts';
import { refusalText } from '../../src/message/refusal-text.ts';
import { check } from '../world/ledger.ts';
import { Fact, type Knower } from './fact.ts';

/** A recipient was refused for now. */
interface Deferral {
  readonly fact: Fact;
  readonly text: string;
  isHeard: boolean;
}

/** What a report says about the recipients that were refused. */
interface Told {
  readonly deferrals: readonly Deferral[];
  /** Those that were refused for good. */
  readonly final: readonly string[];
}

/** Tells of a moment. */
export type Came = (moment: 'refused for good' | 'deferred') => void;

export class RefusalBooks {
  readonly #nowMs: () => number;
  readonly #came: Came;
  /** By queue id and number of the recipient. */
  readonly #deferrals = new Map<string, Deferral[]>();
  readonly #told = new WeakMap<object, Told>();
  /** Recipients that were refused for good, as the manager that lives has heard. */
  readonly #final = new Set<string>();
  /** How many recipients were judged that had been refused. */
  judged = 0;

  constructor(nowMs: () => number, came: Came) {
    this.#nowMs = nowMs;
    this.#came = came;
  }

  /**
   * A sender reports the results of a transaction.
   * @returns what a manager that hears of it knows
   */
  tells(report: Knower, queueId: string, results: readonly AttemptResult[]): readonly Fact[] {
    const deferrals: Deferral[] = [];
    const final: string[] = [];
    for (const each of results) {
      if (each.result === 'delivered') continue;
      const key = keyOf(queueId, each.recipient);
      if (each.refusal.permanent) {
        final.push(key);
        continue;
      }
      const deferral = {
        fact: new Fact(this.#nowMs(), report),
        text: refusalText(each.refusal),
        isHeard: false,
      };
      const earlier = this.#deferrals.get(key);
      if (earlier === undefined) this.#deferrals.set(key, [deferral]);
      else earlier.push(deferral);
      deferrals.push(deferral);
    }
    if (deferrals.length + final.length > 0) this.#told.set(report, { deferrals, final });
    return deferrals.map(({ fact }) => fact);
  }

  /** A manager's process has taken these messages. */
  heard(batch: readonly unknown[]): void {
    for (const message of batch) {
      const told = this.#told.get(message as object);
      if (told === undefined) continue;
      for (const deferral of told.deferrals) {
        deferral.isHeard = true;
        deferral.fact.forget(message as Knower, 'nobody has heard of it');
      }
      for (const key of told.final) this.#final.add(key);
      if (told.deferrals.length > 0) this.#came('deferred');
      if (told.final.length > 0) this.#came('refused for good');
    }
  }

  /** A failure is journaled after its report is stored: until then the end of a manager makes it forgotten. */
  managerEnded(): void {
    this.#final.clear();
  }

  /** A manager lets a sender try these recipients. */
  granted(queueId: string, recipients: readonly number[]): void {
    const final = recipients.find((recipient) => this.#final.has(keyOf(queueId, recipient)));
    check(
      final === undefined,
      () => `recipient ${final} of ${queueId} was refused for good, and is tried again`,
    );
  }

  /** Judges a row of the queue, when manager and senders have told each other everything. */
  checkRow({ queueId, recipientIndex, attempts, lastError, lastRefusal }: SourceRow): void {
    const key = keyOf(queueId, recipientIndex);
    const name = (): string => `recipient ${recipientIndex} of ${queueId}`;
    check(!this.#final.has(key), () => `${name()} was refused for good, and is in the queue`);
    check(attempts === 0 || lastError !== '', () => `${name()} was tried, and nothing says why it waits`);
    const heard = (this.#deferrals.get(key) ?? []).filter(({ isHeard }) => isHeard);
    if (heard.length > 0) this.judged++;
    const known = heard.filter(({ fact }) => fact.forgotten === undefined);
    check(
      attempts >= known.length,
      () => `${name()} was tried ${known.length} times, and the queue says ${attempts}`,
    );
    // Other reasons are of Sluice: a connection that failed, no name server.
    if (lastRefusal?.by.kind !== 'remote') return;
    const last = known.at(-1);
    const possible = last === undefined ? heard : heard.slice(heard.indexOf(last));
    check(
      possible.some(({ text }) => text === lastError),
      () =>
        `${name()} waits since "${last?.text ?? 'nothing that is known'}", and the queue says "${lastError}"`,
    );
  }
}

function keyOf(queueId: string, recipient: number): string {
  return `${queueId}/${recipient}`;
}
