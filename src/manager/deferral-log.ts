// One log line for each recipient that has to wait. The sender process tells addresses along with failed attempts;
// for deferrals without an attempt (routing failed) they are read from the spool.

import type { AttemptResult } from '../deliver/types.ts';
import type { Logger } from '../log/logger.ts';
import type { SpoolReader, StoredRef } from '../spool/types.ts';

export interface Deferral {
  readonly recipient: number;
  readonly attempts: number;
  readonly nextAttemptAtMs: number;
  readonly error: string;
}

export class DeferralLog {
  readonly #log: Logger;
  readonly #reader: SpoolReader;
  #queueId = '';
  #results: readonly AttemptResult[] = [];

  constructor(log: Logger, reader: SpoolReader) {
    this.#log = log;
    this.#reader = reader;
  }

  /** The attempt whose deferrals come next. */
  attempt(queueId: string, results: readonly AttemptResult[]): void {
    this.#queueId = queueId;
    this.#results = results;
  }

  /** What the attempt that is being settled said about a recipient. */
  resultOf(queueId: string, recipient: number): AttemptResult | undefined {
    if (queueId !== this.#queueId) return undefined;
    return this.#results.find((each) => each.recipient === recipient);
  }

  deferred(queueId: string, ref: StoredRef | undefined, deferral: Deferral): void {
    const known = this.resultOf(queueId, deferral.recipient);
    if (known?.address !== undefined) {
      this.#write(queueId, known.address, deferral, known);
      return;
    }
    if (ref === undefined) return;
    void this.#reader.readEnvelope(ref).then(
      ({ recipients, tenant }) =>
        this.#write(queueId, recipients[deferral.recipient]?.address ?? '', deferral, { tenant }),
      () => this.#write(queueId, '', deferral, {}),
    );
  }

  #write(queueId: string, address: string, deferral: Deferral, known: Partial<AttemptResult>): void {
    this.#log.event('deferred', {
      id: queueId,
      to: address,
      source: known.source,
      host: known.host,
      remote: known.remote,
      reply: deferral.error,
      attempts: deferral.attempts,
      nextAttempt: new Date(deferral.nextAttemptAtMs).toISOString(),
      tenant: known.tenant,
    });
  }
}
