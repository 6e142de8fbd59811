// An operator, who asks the manager and changes what it does, through a link of its own as the control process has one.

import type { Request, Response } from '../../src/channel/messages.ts';
import { ManagerLink } from '../../src/channel/manager-link.ts';
import type { ChangeResult, ChosenRecipient, QueuePage, SourceRow } from '../../src/control/queue-source.ts';
import type { ManagerStatus, QueueAction } from '../../src/control/control-protocol.ts';
import type { OverrideKind } from '../../src/control/override.ts';
import type { LimitQuantities } from '../../src/schedule/limits/types.ts';
import type { SimProcess } from './sim-process.ts';
import type { Surroundings } from './surroundings.ts';

/** The link to the manager was lost before it answered: nobody knows what has become of the request. */
export class Unanswered extends Error {}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Operator {
  readonly #link: ManagerLink<Request, Response>;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(around: Surroundings, process: SimProcess) {
    this.#link = new ManagerLink<Request, Response>({
      connect: around.managerFor(process),
      hello: () => ({ kind: 'hello', role: 'control', index: 0, serial: 0 }),
      repeat: false,
      take: (batch) => {
        for (const response of batch) this.#answered(response);
      },
      lost: () => this.#lost(),
    });
    void this.#link.open();
  }

  status(): Promise<ManagerStatus> {
    return this.#ask('status', {}) as Promise<ManagerStatus>;
  }

  /** The whole queue, when it fits into one page. */
  async rows(): Promise<readonly SourceRow[]> {
    const page = (await this.#ask('page', { filter: {} })) as QueuePage;
    return page.rows;
  }

  change(action: QueueAction, recipients: readonly ChosenRecipient[]): Promise<ChangeResult> {
    return this.#ask('change', { action, recipients }) as Promise<ChangeResult>;
  }

  /** @param quantities - undefined: it is suspended */
  set(target: string, quantities: LimitQuantities | undefined): Promise<unknown> {
    return this.#ask('override.set', {
      kind: kindOf(quantities),
      targets: [target],
      quantities,
      reason: 'the simulation',
      by: 'operator',
    });
  }

  unset(kind: OverrideKind, target: string): Promise<unknown> {
    return this.#ask('override.unset', { kind, targets: [target] });
  }

  #ask(operation: string, parameters: unknown): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#link.post({ kind: 'request', id, operation, parameters });
    });
  }

  #answered(response: Response): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if (pending === undefined) return;
    if ('error' in response) {
      pending.reject(Object.assign(new Error(response.error.message), { code: response.error.code }));
    } else pending.resolve(response.result);
  }

  #lost(): void {
    for (const { reject } of this.#pending.values()) reject(new Unanswered());
    this.#pending.clear();
  }
}

function kindOf(quantities: LimitQuantities | undefined): OverrideKind {
  return quantities === undefined ? 'suspend' : 'limit';
}
