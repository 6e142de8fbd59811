// What a scheduler answers about its mail. Promise: nothing is changed by a question.

import type { SavedRate } from '../limits/status.ts';
import type { State } from '../state.ts';
import type {
  MessageHandle,
  QueuedRecipient,
  Scheduler,
  SiteOrder,
  SiteStatus,
  StoreCount,
  UnexplainedWait,
  WaitingRecipient,
} from '../types.ts';
import { checkQueued, isQueued, queueIdOf } from '../work/check-calls.ts';
import { siteCount, siteRows } from './site-rows.ts';
import { storeCounts } from './store-counts.ts';
import { unexplainedWaits } from './unexplained.ts';
import * as view from './view.ts';

export class Queries {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  expiresAtMs(message: MessageHandle, recipient?: number): number {
    checkQueued(this.#state, message, 'ask for the lifetime of');
    return view.latestExpiryOf(this.#state, message, recipient);
  }

  find(queueId: string): MessageHandle | undefined {
    return view.findQueued(this.#state, queueId);
  }

  queueIdOf(message: MessageHandle): string {
    return queueIdOf(this.#state, message);
  }

  isQueued(message: MessageHandle, queueId: string): boolean {
    return isQueued(this.#state, message) && this.#state.messages.queueIdOf(message) === queueId;
  }

  recipients(): IterableIterator<QueuedRecipient> {
    return view.queuedRecipients(this.#state);
  }

  messages(): IterableIterator<MessageHandle> {
    return view.queuedMessages(this.#state);
  }

  recipientsOf(message: MessageHandle): WaitingRecipient[] {
    return view.recipientsOfMessage(this.#state, message);
  }

  isUnderWay(message: MessageHandle): boolean {
    return view.isUnderWay(this.#state, message);
  }

  sites(most = Infinity, order?: SiteOrder): SiteStatus[] {
    return siteRows(this.#state, most, order);
  }

  siteCount(): number {
    return siteCount(this.#state);
  }

  stores(): StoreCount[] {
    return storeCounts(this.#state);
  }

  unexplainedWaits(most: number): UnexplainedWait[] {
    return unexplainedWaits(this.#state, most);
  }

  rates(nowMs: number): readonly SavedRate[] {
    return this.#state.rates.save(nowMs);
  }

  counts(): ReturnType<Scheduler['counts']> {
    return view.countsOf(this.#state);
  }
}
