// Questions to receivers, which an operator asks through the manager. Promises: the pieces of one question go to the same receiver, the one that
// linked first; when it is lost, each question ends with an error.

import { randomInt } from 'node:crypto';
import { OperationCaller } from '../channel/operation-caller.ts';
import type { Asked, Response } from '../channel/messages.ts';
import { ControlError } from '../control/control-error.ts';
import type { Asker } from '../control/operations/operation.ts';
import { receiverOperations, type ReceiverSet } from '../control/operations/trial.ts';

/** A receiver repeats to the next manager what the former has not confirmed: its questions must have other numbers. */
const mostFirstId = 2 ** 40;

interface AskedChannel {
  post(message: Asked): void;
  onClosed(callback: () => void): void;
}

export class ReceiverCalls {
  readonly #callers = new Map<AskedChannel, OperationCaller<ReceiverSet>>();
  readonly #greet: (ask: Asker<ReceiverSet>) => void;

  /** @param greet - is called with each receiver that has linked */
  constructor(greet: (ask: Asker<ReceiverSet>) => void = () => undefined) {
    this.#greet = greet;
  }

  add(channel: AskedChannel): void {
    const caller = new OperationCaller<ReceiverSet>(
      receiverOperations,
      'The receiver',
      (message) => channel.post(message),
      randomInt(mostFirstId),
    );
    this.#callers.set(channel, caller);
    channel.onClosed(() => {
      this.#callers.delete(channel);
      caller.rejectAll(lost());
    });
    this.#greet((name, question, call) => caller.ask(name, question, call));
  }

  take(channel: AskedChannel, response: Response): void {
    this.#callers.get(channel)?.take(response);
  }

  /** Asks all that are linked now. Resolves when each has answered or is lost: one that links again is greeted. */
  async askAll<Name extends keyof ReceiverSet & string>(
    name: Name,
    question: ReceiverSet[Name]['question'],
  ): Promise<void> {
    await Promise.allSettled(Array.from(this.#callers.values(), (caller) => caller.ask(name, question)));
  }

  readonly ask: Asker<ReceiverSet> = (name, question, call) => {
    const [caller] = this.#callers.values();
    if (caller === undefined) throw lost();
    return caller.ask(name, question, call);
  };
}

function lost(): ControlError {
  return new ControlError(
    'RECEIVER_LOST',
    'No receiver process is linked to the manager: it is being started.',
    'Try again in a moment; "sluice status" says what is wrong when it stays like this.',
  );
}
