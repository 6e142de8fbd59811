// Asks operations over a link. Promises: each question is checked before it is sent and each answer when it arrives, and every
// call ends, with its answer or with an error, as long as somebody calls `rejectAll` when the link is lost.

import { ControlError } from '../control/control-error.ts';
import { type Party, readAnswer, readPart, readQuestion } from '../control/operations/check.ts';
import type { Call, OperationSet, SetTypes } from '../control/operations/operation.ts';
import type { Asked, Response } from './messages.ts';

interface PendingCall {
  readonly answered: (answer: unknown) => void;
  readonly reported: (parts: readonly unknown[]) => void;
  readonly failed: (error: Error) => void;
}

export class OperationCaller<Set extends SetTypes> {
  readonly #set: OperationSet<Set>;
  readonly #answerer: Party;
  readonly #post: (message: Asked) => void;
  readonly #pending = new Map<number, PendingCall>();
  #lastId: number;

  /**
   * @param answerer - who answers, for messages that people read
   * @param lastId - the numbers of questions begin behind it
   */
  constructor(set: OperationSet<Set>, answerer: Party, post: (message: Asked) => void, lastId = 0) {
    this.#lastId = lastId;
    this.#set = set;
    this.#answerer = answerer;
    this.#post = post;
  }

  /** Number of calls without an answer. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Asks one question. When the call's signal is aborted, the other end is told; the answer then says how far it came.
   * @throws {ControlError} `CONTROL_REQUEST` before anything is sent; `CONTROL_ANSWER`; otherwise as the other end says
   */
  async ask<Name extends keyof Set & string>(
    name: Name,
    question: Set[Name]['question'],
    { signal, report }: Partial<Call<Set[Name]['part']>> = {},
  ): Promise<Set[Name]['answer']> {
    const checked = readQuestion(this.#set, name, question, this.#answerer);
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<Set[Name]['answer']>();
    this.#pending.set(id, {
      answered: (value) => answer.resolve(readAnswer(this.#set, name, value, this.#answerer)),
      reported: (parts) =>
        void report?.(parts.map((part) => readPart(this.#set, name, part, this.#answerer))),
      failed: answer.reject,
    });
    const cancel = (): void => this.#post({ kind: 'cancel', id });
    this.#post({ kind: 'request', id, operation: name, question: checked });
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await answer.promise;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Takes a message of the other end. */
  take(response: Response): void {
    const call = this.#pending.get(response.id);
    if (call === undefined) return;
    try {
      if (response.kind === 'parts') {
        call.reported(response.parts);
        return;
      }
      this.#pending.delete(response.id);
      if ('error' in response) {
        const { code, message, advice } = response.error;
        call.failed(new ControlError(code, message, advice));
      } else call.answered(response.result);
    } catch (error) {
      this.#pending.delete(response.id);
      call.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Ends all calls with this error: the link is lost, or the other end is silent. */
  rejectAll(error: Error): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { failed } of pending) failed(error);
  }
}
