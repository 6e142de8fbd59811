// Tells of each recipient that is deferred. The sender process reports the address with a failed attempt; for a
// deferral without an attempt (routing failed) the address is read from the spool.

import type { AttemptResult } from '../deliver/types.ts';
import type { Events } from '../log/events.ts';
import { peerOf } from '../message/refusal.ts';
import { lastRefusalOf, type LastRefusal } from '../message/refusal-form.ts';
import { refusalText } from '../message/refusal-text.ts';
import type { SpoolReader, StoredRef } from '../spool/types.ts';
import type { QueueTallies } from './queue-tallies.ts';

export interface Deferral {
  readonly recipient: number;
  readonly attempts: number;
  readonly nextAttemptAtMs: number;
  readonly refusal: LastRefusal;
}

/** Facts in the log line beside the deferral itself. */
type Known = Pick<AttemptResult, 'address' | 'source' | 'tenant'> & { readonly queue?: string | undefined };

export class DeferralLog {
  readonly #happenings: Events;
  readonly #reader: Pick<SpoolReader, 'readEnvelope'>;
  readonly #tallies: Pick<QueueTallies, 'nameOf'> | undefined;

  constructor(
    happenings: Events,
    reader: Pick<SpoolReader, 'readEnvelope'>,
    tallies?: Pick<QueueTallies, 'nameOf'>,
  ) {
    this.#happenings = happenings;
    this.#reader = reader;
    this.#tallies = tallies;
  }

  /** @param results - results of the attempt that caused the deferral; none when there was no attempt */
  deferred(
    queueId: string,
    ref: StoredRef | undefined,
    deferral: Deferral,
    results: readonly AttemptResult[] = [],
  ): void {
    if (!this.#happenings.areRead) {
      this.#happenings.counted('deferred', 1);
      return;
    }
    const known = results.find((each) => each.recipient === deferral.recipient);
    const queue = this.#tallies?.nameOf(ref?.store);
    if (known?.address !== undefined) {
      this.#write(queueId, { ...known, queue }, deferral);
      return;
    }
    if (ref === undefined) {
      this.#write(queueId, {}, deferral);
      return;
    }
    void this.#reader.readEnvelope(ref).then(
      ({ recipients, tenant }) =>
        this.#write(queueId, { address: recipients[deferral.recipient]?.address, tenant, queue }, deferral),
      () => this.#write(queueId, { queue }, deferral),
    );
  }

  #write(queueId: string, { address = '', source, tenant, queue }: Known, deferral: Deferral): void {
    const refusal = lastRefusalOf(deferral.refusal);
    const peer = refusal === undefined ? undefined : peerOf(refusal);
    this.#happenings.happened('deferred', {
      id: queueId,
      to: address,
      source,
      host: peer?.host,
      remote: peer?.address === '' ? undefined : peer?.address,
      reply: refusal === undefined ? '' : refusalText(refusal),
      attempts: deferral.attempts,
      nextAttempt: new Date(deferral.nextAttemptAtMs).toISOString(),
      tenant,
      queue,
    });
  }
}
