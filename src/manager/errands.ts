// Errands that senders run for the manager. Promise: each has an outcome, also when its sender is lost.

import type { ErrandRun, RunErrand } from '../channel/errand-messages.ts';
import type { Errand, ErrandOutcome } from '../deliver/errand/types.ts';

interface ErrandChannel {
  post(message: RunErrand): void;
  onClosed(callback: () => void): void;
}

export class Errands {
  readonly #open = new Map<number, (outcome: ErrandOutcome) => void>();
  readonly #watched = new WeakMap<ErrandChannel, Set<number>>();
  #lastId = 0;

  /** @param channel - of the sender; undefined: there is none. It never rejects */
  run(errand: Errand, channel: ErrandChannel | undefined): Promise<ErrandOutcome> {
    if (channel === undefined)
      return Promise.resolve({ kind: 'failed', reason: 'no sender process is there' });
    const id = ++this.#lastId;
    const ofChannel = this.#watched.get(channel) ?? this.#watch(channel);
    ofChannel.add(id);
    return new Promise((resolve) => {
      this.#open.set(id, (outcome) => {
        ofChannel.delete(id);
        resolve(outcome);
      });
      channel.post({ kind: 'errand', id, errand });
    });
  }

  ended({ id, outcome }: Pick<ErrandRun, 'id' | 'outcome'>): void {
    const tell = this.#open.get(id);
    this.#open.delete(id);
    tell?.(outcome);
  }

  #watch(channel: ErrandChannel): Set<number> {
    const ids = new Set<number>();
    this.#watched.set(channel, ids);
    channel.onClosed(() => {
      for (const id of ids)
        this.ended({ id, outcome: { kind: 'failed', reason: 'the sender process was lost' } });
    });
    return ids;
  }
}
