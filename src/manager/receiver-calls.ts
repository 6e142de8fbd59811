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
  }

  take(channel: AskedChannel, response: Response): void {
    this.#callers.get(channel)?.take(response);
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
