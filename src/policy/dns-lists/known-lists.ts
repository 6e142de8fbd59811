// The DNS lists of a process, by zone: one for all listeners and stages, which keeps over a reload what is known of it.

import { DnsList, type DnsListParts } from './dns-list.ts';

export class KnownLists {
  readonly #parts: DnsListParts;
  readonly #all = new Map<string, DnsList>();

  constructor(parts: DnsListParts) {
    this.#parts = parts;
  }

  /** @param shownAs - in place of the zone, wherever people see it */
  of(zone: string, shownAs: string): DnsList {
    const key = `${zone} ${shownAs}`;
    let list = this.#all.get(key);
    if (list === undefined) this.#all.set(key, (list = new DnsList(shownAs, this.#parts)));
    return list;
  }

  /** Forgets those that no stage asks any more. */
  keep(used: readonly { readonly zone: string; readonly shownAs: string }[]): void {
    const keys = new Set(used.map(({ zone, shownAs }) => `${zone} ${shownAs}`));
    for (const [key, list] of this.#all) {
      if (keys.has(key)) continue;
      list.forget();
      this.#all.delete(key);
    }
  }
}
