// Mail that has to go on after a delivery: forwards, addresses of aliases, automatic answers. It stands between the links of the senders and the
// manager. Promises: the new messages are on stable storage before the manager hears of the delivery, so that a crash in between repeats the
// delivery and never loses one; when they cannot be stored, the recipient waits; reports of a connection keep their order; reports
// without such mail pass at once.

import type { SenderToManager, Submitted } from '../../channel/messages.ts';
import { checkedOnward } from '../../channel/onward-messages.ts';
import { passedPlaces } from '../../deliver/local/header-block.ts';
import { readFailure } from '../../deliver/read-failure.ts';
import type { AttemptResult } from '../../deliver/types.ts';
import type { Events } from '../../log/events.ts';
import { localFault, localRefusal, type Refusal } from '../../message/refusal.ts';
import type { SpoolReader, SpoolStore, SpoolWriter, StoredMessage, StoredRef } from '../../spool/types.ts';
import type { Onward, OnwardMail } from '../../values/onward-mail.ts';
import { storeNewMail } from './new-mail.ts';
import { onwardEnvelope } from './onward-envelope.ts';

export interface OnwardParts {
  readonly reader: SpoolReader;
  readonly store: Pick<SpoolStore, 'locate'>;
  /** The writer to the store of the message that was delivered. */
  readonly writerOf: (about: StoredRef) => SpoolWriter;
  readonly dateMs: () => number;
  /** With so many Received and Delivered-To fields, a message is in a loop. */
  readonly mostHops: () => number;
  readonly happenings: Pick<Events, 'happened'>;
  /** Called with each new message that is on stable storage. */
  readonly submit: (message: Submitted) => void;
  /** Signs an answer of this host. @returns fields for its front */
  readonly sign: (mail: OnwardMail, tenant: string | undefined) => Promise<Uint8Array | undefined>;
  /** The message of the oldest transaction of a connection. */
  readonly messageOn: (connection: number) => string | undefined;
  readonly report: (reports: readonly SenderToManager[]) => void;
  /** The process of this connection has died. */
  readonly lost: (connection: number) => void;
}

type Report = Extract<SenderToManager, { readonly connection: number }>;
type Done = Extract<SenderToManager, { readonly kind: 'done' }>;
type Waiting = Report | { readonly kind: 'lost' };

export class OnwardDesk {
  readonly #parts: OnwardParts;
  /** Reports that wait behind one whose mail is being stored. */
  readonly #lines = new Map<number, Waiting[]>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: OnwardParts) {
    this.#parts = parts;
  }

  /** Takes reports of a sender process, and passes on what need not wait. */
  take(batch: readonly SenderToManager[]): void {
    if (this.#lines.size === 0 && !batch.some(goesOn)) {
      this.#parts.report(batch);
      return;
    }
    const passed: SenderToManager[] = [];
    for (const report of batch) {
      const line = 'connection' in report ? this.#lines.get(report.connection) : undefined;
      if (line !== undefined) line.push(report as Report);
      else if (report.kind === 'done' && goesOn(report)) this.#begin(report);
      else passed.push(report);
    }
    this.#parts.report(passed);
  }

  /** The process of a connection has died. What it reported before counts. */
  lost(connection: number): void {
    const line = this.#lines.get(connection);
    if (line === undefined) this.#parts.lost(connection);
    else line.push({ kind: 'lost' });
  }

  /** Resolves when nothing is being stored. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #begin(done: Done): void {
    if (!this.#lines.has(done.connection)) this.#lines.set(done.connection, []);
    const underWay = this.#settle(done).then((results) => this.#settled({ ...done, results }));
    this.#underWay.add(underWay);
    void underWay.finally(() => this.#underWay.delete(underWay));
  }

  #settled(done: Done): void {
    const { connection } = done;
    const line = this.#lines.get(connection) ?? [];
    this.#parts.report([done]);
    for (let next = line.shift(); next !== undefined; next = line.shift()) {
      if (next.kind === 'lost') this.#parts.lost(connection);
      else if (next.kind === 'done' && goesOn(next)) {
        this.#begin(next);
        return;
      } else this.#parts.report([next]);
    }
    this.#lines.delete(connection);
  }

  /** It never rejects. */
  async #settle({ connection, results }: Done): Promise<readonly AttemptResult[]> {
    const queueId = this.#parts.messageOn(connection);
    const ref = queueId === undefined ? undefined : this.#parts.store.locate(queueId);
    const settled: AttemptResult[] = [];
    for (const result of results) {
      const { onward, ...rest } = result;
      if (onward === undefined) settled.push(result);
      // The message is done already: an operator has removed it.
      else if (ref === undefined) settled.push(rest as AttemptResult);
      else settled.push(await this.#settleOne(rest as AttemptResult, onward, ref));
    }
    return settled;
  }

  async #settleOne(result: AttemptResult, given: Onward, ref: StoredRef): Promise<AttemptResult> {
    const { recipient } = result;
    const onward = checkedOnward(given);
    if (typeof onward === 'string')
      return {
        recipient,
        result: 'refused',
        refusal: localFault('queue', `what has to go on is wrong: ${onward}`),
      };
    try {
      const message = await this.#parts.reader.read(ref);
      const refusal = await this.#storeAll(message, recipient, onward, ref);
      if (refusal === undefined) return result;
      const { tenant } = message.envelope;
      const address = message.envelope.recipients[recipient]?.address;
      return { recipient, result: 'refused', refusal, address, ...(tenant !== undefined && { tenant }) };
    } catch (error) {
      return { recipient, result: 'refused', refusal: readFailure(error) };
    }
  }

  /** @returns why the mail does not go on. @throws {SpoolError} */
  async #storeAll(
    message: StoredMessage,
    recipient: number,
    onward: Onward,
    ref: StoredRef,
  ): Promise<Refusal | undefined> {
    const { mails, hasCopy } = onward;
    const { hops } = await passedPlaces(message);
    const isLoop = hops >= this.#parts.mostHops();
    // Mail in the mailbox of a user is delivered, whatever becomes of its forwards.
    if (isLoop && hasCopy) return undefined;
    if (isLoop) return tooManyHops(hops);
    for (const mail of mails) {
      const stored = this.#store(message, recipient, mail, onward, ref);
      // An answer that cannot be stored is left out: the mail itself must not be delivered a second time for it.
      await (mail.content === undefined ? stored : stored.catch(() => undefined));
    }
    return undefined;
  }

  async #store(
    message: StoredMessage,
    recipient: number,
    mail: OnwardMail,
    onward: Onward,
    ref: StoredRef,
  ): Promise<void> {
    const { dateMs, happenings, submit, sign, writerOf } = this.#parts;
    const { envelope } = message;
    const signed = mail.content === undefined ? undefined : await sign(mail, envelope.tenant);
    const prefix = Buffer.concat([signed ?? Buffer.alloc(0), Buffer.from(mail.fields)]);
    await storeNewMail(
      { writer: writerOf(ref), dateMs, happenings, submit },
      {
        envelope: onwardEnvelope(envelope, recipient, mail, onward),
        prefix,
        content: mail.content === undefined ? message : Buffer.from(mail.content),
        about: envelope.queueId,
      },
    );
  }
}

function goesOn(report: SenderToManager): boolean {
  return report.kind === 'done' && report.results.some(({ onward }) => onward !== undefined);
}

/** RFC 3463 X.4.6: routing loop detected. */
function tooManyHops(hops: number): Refusal {
  const text = `mail loop: the message has passed ${hops} places (Received and Delivered-To)`;
  return localRefusal({ during: 'routing', code: 550, enhanced: '5.4.6', permanent: true, text });
}
