// Tells plugins what became of attempts. Promises: where no plugin wants to know, this costs one comparison for each outcome; an outcome is told when
// it is certain, and nothing waits for its being told. What the sender process has not said is read from the spool.

import type { AttemptResult } from '../../deliver/types.ts';
import type { DatedClock } from '../../io/steady-clock.ts';
import type { Timers } from '../../io/timers.ts';
import { peerOf, type Refusal, serverOf } from '../../message/refusal.ts';
import { lastRefusalOf, type LastRefusal } from '../../message/refusal-form.ts';
import type { AttemptFacts } from '../../plugin/delivery-types.ts';
import { routeNameIn } from '../../route/plan-key.ts';
import type { NextHopAddress } from '../../route/types.ts';
import type { MessageHandle, Scheduler } from '../../schedule/types.ts';
import type { QueueReader, SpoolStore } from '../../spool/types.ts';
import { AttemptLine, type Telling } from './attempt-line.ts';
import type { DeliveryPlugin } from './delivery-plugin.ts';
import type { PluginWatch } from './plugin-watch.ts';

export interface AttemptNewsParts {
  readonly plugins: () => readonly DeliveryPlugin[];
  readonly scheduler: Pick<Scheduler, 'recipientsOf'>;
  readonly store: Pick<SpoolStore, 'locate' | 'pin' | 'unpin'>;
  readonly reader: Pick<QueueReader, 'readEnvelope'>;
  readonly handshakes: { hopOf(connection: number): NextHopAddress | undefined };
  readonly clock: Pick<DatedClock, 'dateMs'>;
  readonly timers: Timers;
  readonly watch: PluginWatch;
}

/** What is known of the recipients of an attempt whose outcomes come now. */
interface Attempt {
  readonly queueId: string;
  readonly hop: NextHopAddress | undefined;
  readonly results: ReadonlyMap<number, AttemptResult>;
  readonly ways: ReadonlyMap<
    number,
    { readonly route: string; readonly tenant: string; readonly attempts: number }
  >;
}

type Facts = Partial<AttemptFacts> & Pick<AttemptFacts, 'outcome'>;

const noReply = { by: 'sluice', code: 0, enhanced: '', text: '' } as const;

export class AttemptNews {
  readonly #parts: AttemptNewsParts;
  #lines: readonly AttemptLine[] = [];
  #attempt: Attempt | undefined;

  constructor(parts: AttemptNewsParts) {
    this.#parts = parts;
  }

  get isOn(): boolean {
    return this.#lines.length > 0;
  }

  /** Other plugins may be in force. What the same ones have not heard yet, they will. */
  configured(): void {
    const { plugins, timers, watch } = this.#parts;
    const wanted = plugins();
    const before = this.#lines;
    for (const line of before) if (!wanted.includes(line.plugin)) line.close();
    this.#lines = wanted.map(
      (plugin) =>
        before.find((line) => line.plugin === plugin) ??
        new AttemptLine(plugin, {
          timers,
          lost: (name, why, times) => watch.failed(name, 'attempt', why, times),
        }),
    );
  }

  close(): void {
    for (const line of this.#lines) line.close();
    this.#lines = [];
  }

  /** The outcomes of an attempt come now, until `ends`. @param results - none: the connection has failed */
  begins(
    queueId: string,
    message: MessageHandle,
    connection: number,
    results: readonly AttemptResult[] = [],
  ): void {
    if (!this.isOn) return;
    const { scheduler, handshakes } = this.#parts;
    this.#attempt = {
      queueId,
      hop: handshakes.hopOf(connection),
      results: new Map(results.map((each) => [each.recipient, each])),
      ways: new Map(scheduler.recipientsOf(message).map((each) => [each.recipient, each])),
    };
  }

  ends(): void {
    this.#attempt = undefined;
  }

  delivered(queueId: string, recipient: number): void {
    if (!this.isOn) return;
    const { reply } = this.#resultOf(queueId, recipient)?.details ?? {};
    const said =
      reply === undefined
        ? noReply
        : { by: 'server' as const, code: reply.code, enhanced: reply.enhanced, text: reply.lines.join(' ') };
    this.#tell(queueId, recipient, { outcome: 'delivered', ...said });
  }

  deferred(
    queueId: string,
    recipient: number,
    {
      refusal,
      nextAttemptAtMs,
      attempts,
    }: { refusal: LastRefusal; nextAttemptAtMs: number; attempts: number },
  ): void {
    if (!this.isOn) return;
    const said = saidBy(lastRefusalOf(refusal));
    this.#tell(queueId, recipient, { outcome: 'deferred', nextAttemptAtMs, attempt: attempts, ...said });
  }

  failed(queueId: string, recipient: number, refusal: Refusal, expired: boolean): void {
    if (!this.isOn) return;
    this.#tell(queueId, recipient, { outcome: 'failed', expired, ...saidBy(refusal) });
  }

  /** @param reportedTo - empty: nobody is told */
  bounced(queueId: string, recipient: number, refusal: Refusal, expired: boolean, reportedTo: string): void {
    if (!this.isOn) return;
    this.#tell(queueId, recipient, { outcome: 'bounced', expired, reportedTo, ...saidBy(refusal) });
  }

  #resultOf(queueId: string, recipient: number): AttemptResult | undefined {
    return this.#attempt?.queueId === queueId ? this.#attempt.results.get(recipient) : undefined;
  }

  #tell(queueId: string, recipient: number, facts: Facts): void {
    const lines = this.#lines.filter((line) => line.takes());
    if (lines.length === 0) return;
    const attempt = this.#attempt?.queueId === queueId ? this.#attempt : undefined;
    const way = attempt?.ways.get(recipient);
    const details = attempt?.results.get(recipient)?.details;
    const server = attempt?.hop === undefined ? undefined : serverOf(attempt.hop);
    const known: AttemptFacts = {
      atMs: this.#parts.clock.dateMs(),
      queueId,
      sender: details?.sender ?? '',
      recipient: details?.recipient ?? '',
      tenant: way?.tenant ?? '',
      isCopy: details?.isCopy ?? false,
      route: way === undefined ? '' : routeNameIn(way.route),
      server,
      tls: details?.tls,
      ...noReply,
      attempt: way === undefined ? undefined : way.attempts + 1,
      durationMs: details?.durationMs,
      nextAttemptAtMs: undefined,
      expired: false,
      reportedTo: undefined,
      ...facts,
    };
    const telling = details === undefined ? this.#completed(known, recipient) : () => known;
    for (const line of lines) line.tell(telling);
  }

  /** Adds what is in the envelope. The message may end with this outcome, so it is read at once. */
  #completed(known: AttemptFacts, recipient: number): Telling {
    const { store, reader } = this.#parts;
    const { queueId } = known;
    const ref = store.locate(queueId);
    if (ref === undefined) return () => known;
    store.pin(queueId);
    const facts = reader
      .readEnvelope(ref)
      .then(
        ({ reversePath, recipients, tenant }): AttemptFacts => ({
          ...known,
          sender: reversePath,
          recipient: recipients[recipient]?.address ?? '',
          tenant: tenant ?? known.tenant,
          isCopy: recipients[recipient]?.isCopy === true,
        }),
        () => known,
      )
      .finally(() => store.unpin(queueId));
    return () => facts;
  }
}

/** Who refused, and with which words. */
function saidBy(
  refusal: Refusal | undefined,
): Pick<AttemptFacts, 'by' | 'code' | 'enhanced' | 'text'> & Partial<AttemptFacts> {
  if (refusal === undefined) return noReply;
  const { by, code, enhanced, lines } = refusal;
  const peer = peerOf(refusal);
  return {
    by: by.kind === 'remote' ? 'server' : by.kind === 'connection' ? 'connection' : 'sluice',
    code,
    enhanced,
    text: lines.join(' '),
    ...(peer !== undefined && { server: { host: peer.host, address: peer.address, port: peer.port } }),
  };
}
