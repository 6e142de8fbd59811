// Asks the functions of a plugin, in its thread.

import { points as sessionPoints } from '../../policy/stage.ts';
import { type FactsCopy, factsOf } from '../facts-copy.ts';
import { mistakeText } from '../mistake-text.ts';
import type { PluginPoints } from '../types.ts';
import type { Question, ToThread } from '../wire.ts';
import type { Outbox } from './outbox.ts';

const ofSession: ReadonlySet<string> = new Set(sessionPoints);

export class Asked {
  readonly #points: () => PluginPoints;
  readonly #outbox: Outbox;
  #underWay = 0;
  #onIdle: (() => void) | undefined;
  #nextReader = 0;

  constructor(points: () => PluginPoints, outbox: Outbox) {
    this.#points = points;
    this.#outbox = outbox;
  }

  /** Resolves when nothing is left to be answered. */
  whenIdle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#onIdle = resolve));
  }

  ask({ questions, headers = [] }: ToThread): void {
    if (questions === undefined) return;
    const header = new Map(headers);
    for (const [id, point, facts] of JSON.parse(questions) as readonly Question[]) {
      const given = ofSession.has(point)
        ? factsOf(facts as FactsCopy, header.get(id), () => this.#read(id))
        : facts;
      this.#askOne(id, point, given);
    }
  }

  #askOne(id: number, point: Question[1], facts: unknown): void {
    const points = this.#points() as Readonly<Record<string, ((facts: unknown) => unknown) | undefined>>;
    let answer: unknown;
    try {
      answer = points[point]?.(facts);
      if (!isPromise(answer)) {
        this.#outbox.answer(id, answer);
        return;
      }
    } catch (error) {
      this.#outbox.fault(id, `it threw an error: ${mistakeText(error)}`);
      return;
    }
    this.#underWay++;
    void Promise.resolve(answer)
      .then(
        (value) => this.#outbox.answer(id, value),
        (error: unknown) => this.#outbox.fault(id, `it failed: ${mistakeText(error)}`),
      )
      .finally(() => {
        if (--this.#underWay === 0) this.#onIdle?.();
      });
  }

  async *#read(question: number): AsyncGenerator<Uint8Array, void> {
    const reader = this.#nextReader++;
    for (;;) {
      const piece = await this.#outbox.call({ kind: 'read', question, reader });
      if (piece === undefined) return;
      yield piece as Uint8Array;
    }
  }
}

function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return (
    typeof answer === 'object' && answer !== null && 'then' in answer && typeof answer.then === 'function'
  );
}
