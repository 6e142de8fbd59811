// Own addresses that connections are made from. One that this host does not have at the moment is left alone for
// `deliver.source_rest`, as long as there is another one; each connection comes from one that the configuration names.

import type { Config } from '../../src/config/config.ts';
import { check } from '../world/ledger.ts';

export class SourceBooks {
  readonly #nowMs: () => number;
  /** Addresses that this host does not have now. */
  readonly lost = new Set<string>();
  #sources: readonly string[] = [];
  #restMs = 0;
  /** Until when each is left alone. */
  readonly #rests = new Map<string, number>();
  /** When each failed last. */
  readonly #failedMs = new Map<string, number>();
  /** Connections that could not even be begun, and rests that followed. */
  readonly seen = { sourcesLost: 0, sourceRests: 0 };

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Another manager, or another configuration: it finds out anew. */
  configured({ deliver, source }: Config): void {
    this.#sources = source.map(({ address }) => address);
    this.#restMs = deliver.sourceRest;
    this.#rests.clear();
  }

  granted(source: string): void {
    const isOwn = this.#sources.length === 0 ? source === '' : this.#sources.includes(source);
    check(isOwn, () => `a connection from "${source}", which is none of our addresses`);
    // The manager grants between two reports that it hears at the same time.
    const isResting = this.#isResting(source) && (this.#failedMs.get(source) ?? 0) < this.#nowMs();
    check(
      !isResting || this.#sources.every((each) => this.#isResting(each)),
      () => `a connection from ${source}, which could not be used a moment ago, and others can`,
    );
  }

  /** The manager hears that a connection from there could not be begun. */
  failed(source: string): void {
    this.seen.sourcesLost++;
    // Without another one, it is the address of the destination that is left alone.
    if (this.#sources.every((each) => each === source || this.#isResting(each))) return;
    this.seen.sourceRests++;
    this.#failedMs.set(source, this.#nowMs());
    this.#rests.set(source, this.#nowMs() + this.#restMs);
  }

  #isResting(source: string): boolean {
    // Scheduler time has whole milliseconds.
    return (this.#rests.get(source) ?? 0) > this.#nowMs() + 1;
  }
}
