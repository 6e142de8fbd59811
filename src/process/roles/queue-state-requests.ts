// In the control process: queues that operators stop and start, passed to the supervisor, which has the configuration of all processes.

import type { QueueStateAnswer, QueueStateQuestion } from '../../control/operations/queue-state.ts';
import type { RoleToSupervisor } from '../../channel/messages.ts';
import type { QueueStateSet } from '../../channel/queue-state-messages.ts';

export class QueueStateRequests {
  readonly #tell: (message: RoleToSupervisor) => void;
  readonly #waiting = new Map<number, (answer: QueueStateAnswer) => void>();
  #lastId = 0;

  constructor(tell: (message: RoleToSupervisor) => void) {
    this.#tell = tell;
  }

  ask({ queue, action }: QueueStateQuestion): Promise<QueueStateAnswer> {
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<QueueStateAnswer>();
    this.#waiting.set(id, resolve);
    this.#tell({ kind: 'queueState', id, queue, action });
    return promise;
  }

  answered({ id, answer }: QueueStateSet): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}
