// Answers operations that are asked over a link. Promises: each question is checked when it arrives, and each gets one answer;
// a question whose asker is gone, or has cancelled, is told so by its signal.

import { operationName, readQuestion, type Party } from '../control/operations/check.ts';
import { type OperationSet, perform, type Service, type SetTypes } from '../control/operations/operation.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import type { Asked, OperationError, Request, Response } from './messages.ts';

export interface OperationAnswererOptions<Set extends SetTypes> {
  readonly set: OperationSet<Set>;
  readonly service: Service<Set>;
  /** Who answers, for messages that people read. */
  readonly party: Party;
  /** Called before each question is answered. */
  readonly before: () => void;
  /** Called for an error without a code of its own: a fault of Sluice. */
  readonly failed: (message: string) => void;
}

/** Answers what is asked over one link. */
export class OperationAnswerer<Set extends SetTypes> {
  readonly #options: OperationAnswererOptions<Set>;
  readonly #respond: (response: Response) => void;
  /** Questions whose answer takes time. */
  readonly #asked = new Map<number, AbortController>();

  constructor(options: OperationAnswererOptions<Set>, respond: (response: Response) => void) {
    this.#options = options;
    this.#respond = respond;
  }

  /** Takes a message of the asker. */
  take(message: Asked): void {
    switch (message.kind) {
      case 'request':
        this.#answer(message);
        break;
      case 'cancel':
        this.#asked.get(message.id)?.abort();
        break;
      default:
        message satisfies never;
    }
  }

  /** The asker is gone. */
  lost(): void {
    for (const controller of this.#asked.values()) controller.abort();
  }

  /** Answers with one response; without a wait when the answer is known at once. */
  #answer(request: Request): void {
    const { id } = request;
    const failed = (thrown: unknown): void => {
      this.#asked.delete(id);
      this.#respond({ kind: 'response', id, error: this.#errorOf(thrown) });
    };
    const answered = (answer: unknown): void => {
      this.#asked.delete(id);
      this.#respond({ kind: 'response', id, result: answer });
    };
    try {
      const answer = this.#perform(request);
      if (answer instanceof Promise) answer.then(answered, failed);
      else answered(answer);
    } catch (error) {
      failed(error);
    }
  }

  #perform({ id, operation, question }: Request): unknown {
    const { set, service, party, before } = this.#options;
    const name = operationName(set, operation, party);
    const controller = new AbortController();
    this.#asked.set(id, controller);
    const checked = readQuestion(set, name, question, party);
    before();
    return perform(service, name, checked, {
      signal: controller.signal,
      report: (parts) => this.#respond({ kind: 'parts', id, parts }),
    });
  }

  #errorOf(thrown: unknown): OperationError {
    if (thrown instanceof SluiceError) {
      return { code: thrown.code, message: thrown.message, advice: thrown.advice };
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    // An error with a code of its own is a mistake of the operator, and is told only to the operator.
    this.#options.failed(message);
    return { code: 'CONTROL_FAILED', message, advice: '' };
  }
}
