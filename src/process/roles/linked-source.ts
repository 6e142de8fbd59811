// Asks the manager for the control role. Promises: every question ends, with its answer or with an error when the link is lost or
// the manager does not answer pings any more.

import { ControlError } from '../../control/control-error.ts';
import type { Asker } from '../../control/operations/operation.ts';
import { managerOperations, type ManagerSet } from '../../control/operations/sets.ts';
import { Heartbeat, beatEveryMs } from '../watch/heartbeat.ts';
import type { Link } from '../../channel/link.ts';
import type { Asked, Response } from '../../channel/messages.ts';
import { OperationCaller } from '../../channel/operation-caller.ts';

export class LinkedSource {
  readonly #calls: OperationCaller<ManagerSet>;
  /** Heartbeat of the manager, while questions wait. */
  #heartbeat = new Heartbeat();
  #timer: NodeJS.Timeout | undefined;

  constructor(link: Link<Asked>) {
    this.#calls = new OperationCaller(managerOperations, 'The manager', (message) => link.post(message));
  }

  readonly ask: Asker<ManagerSet> = (name, question, call) => {
    const answer = this.#calls.ask(name, question, call);
    if (this.#calls.pending > 0) this.#timer ??= setInterval(() => this.#beat(), beatEveryMs);
    return answer;
  };

  answered(response: Response): void {
    this.#heartbeat.answered();
    this.#calls.take(response);
  }

  lost(): void {
    this.#calls.rejectAll(
      new ControlError('MANAGER_LOST', 'The manager process is being restarted.', 'Try again in a moment.'),
    );
  }

  close(): void {
    this.lost();
    this.#stopHeartbeat();
  }

  /** Questions have no timeout while the manager answers pings. */
  #beat(): void {
    if (this.#calls.pending === 0) return this.#stopHeartbeat();
    if (this.#heartbeat.beat()) this.#calls.ask('ping', {}).catch(() => undefined);
    if (!this.#heartbeat.isStalled) return;
    this.#calls.rejectAll(
      new ControlError(
        'MANAGER_SILENT',
        'The manager does not answer: it is starting, overloaded, or stopped.',
        'The request may still be carried out when the manager goes on. "sluice status" says more; a manager that does not answer is killed and started again after a minute.',
      ),
    );
    this.#stopHeartbeat();
  }

  #stopHeartbeat(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#heartbeat = new Heartbeat();
  }
}
