// An operator, who asks the manager and changes what it does, through a link of its own as the control process has one.

import type { Asked, Response } from '../../src/channel/messages.ts';
import { ManagerLink } from '../../src/channel/manager-link.ts';
import { OperationCaller } from '../../src/channel/operation-caller.ts';
import { managerOperations, type ManagerSet } from '../../src/control/operations/sets.ts';
import type { JobReport, QueueAction } from '../../src/control/operations/queue-change.ts';
import type { SourceRow } from '../../src/control/operations/queue-pages.ts';
import type { ManagerStatus } from '../../src/control/operations/status.ts';
import type { OverrideKind } from '../../src/control/override.ts';
import type { LimitQuantities } from '../../src/schedule/limits/types.ts';
import type { SimProcess } from './sim-process.ts';
import type { Surroundings } from './surroundings.ts';

/** The link to the manager was lost before it answered: nobody knows what has become of the request. */
export class Unanswered extends Error {}

export class Operator {
  readonly #link: ManagerLink<Asked, Response>;
  readonly #calls: OperationCaller<ManagerSet>;

  constructor(around: Surroundings, process: SimProcess) {
    this.#calls = new OperationCaller(managerOperations, 'The manager', (message) =>
      this.#link.post(message),
    );
    this.#link = new ManagerLink<Asked, Response>({
      connect: around.managerFor(process),
      hello: () => ({ kind: 'hello', role: 'control', index: 0, serial: 0 }),
      repeat: false,
      take: (batch) => {
        for (const response of batch) this.#calls.take(response);
      },
      lost: () => this.#calls.rejectAll(new Unanswered()),
    });
    void this.#link.open();
  }

  status(): Promise<ManagerStatus> {
    return this.#calls.ask('status', {});
  }

  /** The whole queue, when it fits into one page. */
  async rows(): Promise<readonly SourceRow[]> {
    return (await this.#calls.ask('page', { filter: {} })).rows;
  }

  /** Changes these messages. */
  change(action: QueueAction, ids: readonly string[]): Promise<JobReport> {
    return this.#calls.ask('queue.change', { action, filter: { ids } });
  }

  /** @param quantities - undefined: it is suspended */
  set(target: string, quantities: LimitQuantities | undefined): Promise<unknown> {
    return this.#calls.ask('override.set', {
      kind: kindOf(quantities),
      targets: [target],
      quantities,
      reason: 'the simulation',
      by: 'operator',
    });
  }

  unset(kind: OverrideKind, target: string): Promise<unknown> {
    return this.#calls.ask('override.unset', { kind, targets: [target] });
  }
}

function kindOf(quantities: LimitQuantities | undefined): OverrideKind {
  return quantities === undefined ? 'suspend' : 'limit';
}
