// Redirections: the recipient of a route with `redirect` is delivered to by a new message to others, with the same content and sender. Promises:
// the new message is on stable storage before the recipient counts as delivered, so a crash in between repeats it and never loses it; mail that
// comes by a second time, or has passed too many places, goes back (Delivered-To, Received).

import { passedPlaces } from '../../deliver/local/header-block.ts';
import { readFailure } from '../../deliver/read-failure.ts';
import type { AttemptResult, ConnectGrant, Work } from '../../deliver/types.ts';
import type { SenderToManager, Submitted } from '../../channel/messages.ts';
import type { Events } from '../../log/events.ts';
import type { EnvelopeRecipient } from '../../message/envelope.ts';
import { localRefusal } from '../../message/refusal.ts';
import type { SpoolReader, SpoolWriter, StoredMessage, StoredRef } from '../../spool/types.ts';
import type { RedirectWay } from '../../values/local-way.ts';
import { type NewEnvelope, storeNewMail } from '../onward/new-mail.ts';
import type { SenderPort } from '../ports.ts';
import { RedirectConnection } from './redirect-connection.ts';
import { redirectedEnvelope } from './redirected-envelope.ts';

export interface RedirectsParts {
  /** Of everything that is not redirected. */
  readonly senders: SenderPort;
  readonly reader: SpoolReader;
  /**
   * The writer to the store that gets mail for an address, in place of a message.
   * @throws {Error} when it cannot be told now
   */
  readonly writerFor: (address: string, about: StoredRef) => Promise<SpoolWriter>;
  readonly dateMs: () => number;
  /** With so many Received and Delivered-To fields, a message is in a loop. */
  readonly mostHops: () => number;
  readonly happenings: Pick<Events, 'happened'>;
  /** Called with each new message that is on stable storage. */
  readonly submit: (message: Submitted) => void;
  readonly report: (reports: readonly SenderToManager[]) => void;
}

export class Redirects implements SenderPort {
  readonly #parts: RedirectsParts;
  readonly #connections = new Map<number, RedirectConnection>();
  readonly #underWay = new Set<Promise<readonly AttemptResult[]>>();

  constructor(parts: RedirectsParts) {
    this.#parts = parts;
  }

  connect(grant: ConnectGrant): void {
    const { hop } = grant;
    if (hop.transport !== 'redirect') {
      this.#parts.senders.connect(grant);
      return;
    }
    const { way } = hop;
    const redirect = (_: Omit<ConnectGrant, 'work'>, work: Work): Promise<readonly AttemptResult[]> =>
      this.#redirect(way, hop.host, work);
    const connection = new RedirectConnection({ redirect, report: this.#parts.report }, grant);
    this.#connections.set(grant.connection, connection);
    // Not in the middle of the scheduler's effects.
    queueMicrotask(() => connection.start());
  }

  transact(connection: number, work: Work): void {
    const own = this.#connections.get(connection);
    if (own === undefined) this.#parts.senders.transact(connection, work);
    else own.transact(work);
  }

  close(connection: number): void {
    const own = this.#connections.get(connection);
    if (own === undefined) this.#parts.senders.close(connection);
    else queueMicrotask(() => own.close());
  }

  closed(connection: number): void {
    if (!this.#connections.delete(connection)) this.#parts.senders.closed(connection);
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #redirect(way: RedirectWay, host: string, work: Work): Promise<readonly AttemptResult[]> {
    const underWay = this.#redirectAll(way, host, work);
    this.#underWay.add(underWay);
    void underWay.then(() => this.#underWay.delete(underWay));
    return underWay;
  }

  async #redirectAll(way: RedirectWay, host: string, work: Work): Promise<readonly AttemptResult[]> {
    const results: AttemptResult[] = [];
    for (const recipient of work.recipients) {
      try {
        const message = await this.#parts.reader.read(work.ref);
        results.push(await this.#redirectOne(way, host, message, recipient, work.ref));
      } catch (error) {
        // A full disk, or a damaged message: that is known from its refusal.
        results.push({ recipient, result: 'refused', refusal: readFailure(error) });
      }
    }
    return results;
  }

  async #redirectOne(
    { to }: RedirectWay,
    host: string,
    message: StoredMessage,
    recipient: number,
    ref: StoredRef,
  ): Promise<AttemptResult> {
    const { envelope } = message;
    const { address = '', notify } = envelope.recipients[recipient] ?? {};
    const { tenant } = envelope;
    const loop = await this.#loopOf(message, address);
    if (loop !== undefined) {
      // RFC 3463 X.4.6: routing loop detected.
      const facts = { during: 'routing', code: 550, enhanced: '5.4.6', permanent: true } as const;
      const refusal = localRefusal({ ...facts, text: `mail loop: the message ${loop}` });
      return { recipient, result: 'refused', refusal, address, ...(tenant !== undefined && { tenant }) };
    }
    const others = to.map((each) => (each.startsWith('@') ? `${localPart(address)}${each}` : each));
    await this.#store(redirectedEnvelope(envelope, recipient, others), address, message, ref);
    const isExpanded = to.length > 1 && notify?.success === true;
    return { recipient, result: 'delivered', ...(isExpanded && { relayedTo: host, isExpanded: true }) };
  }

  /** Why the message goes round in a circle; undefined: nothing says that it does. */
  async #loopOf(message: StoredMessage, address: string): Promise<string | undefined> {
    const passed = await passedPlaces(message);
    if (passed.includes(address)) return `has come by ${address} before`;
    // Redirections to several others that lead to each other make ever more of it.
    if (passed.hops < this.#parts.mostHops()) return undefined;
    return `has passed ${passed.hops} places (Received and Delivered-To)`;
  }

  async #store(redirected: NewEnvelope, from: string, message: StoredMessage, ref: StoredRef): Promise<void> {
    const { dateMs, happenings, submit, writerFor } = this.#parts;
    const prefix = Buffer.from(`Delivered-To: ${from}\r\n`);
    const about = message.envelope.queueId;
    // All queues are known before anything is stored, so that what cannot be told repeats nothing.
    const byWriter = new Map<SpoolWriter, EnvelopeRecipient[]>();
    for (const recipient of redirected.recipients) {
      const writer = await writerFor(recipient.address, ref);
      byWriter.set(writer, [...(byWriter.get(writer) ?? []), recipient]);
    }
    for (const [writer, recipients] of byWriter) {
      const envelope = { ...redirected, recipients };
      await storeNewMail(
        { writer, dateMs, happenings, submit },
        { envelope, prefix, content: message, about },
      );
    }
  }
}

/** As it is written, with its quotes. */
function localPart(address: string): string {
  const at = address.lastIndexOf('@');
  return at === -1 ? address : address.slice(0, at);
}
