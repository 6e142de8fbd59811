// A receiver process: it writes to the spool and tells the manager as the real one does (`message-intake.ts`), with the
// real writer and the real link; clients and their sessions are offers of messages.

import type { Submitted } from '../../src/channel/messages.ts';
import { ManagerLink } from '../../src/channel/manager-link.ts';
import type { Envelope } from '../../src/message/envelope.ts';
import { receiverSlot } from '../../src/process/roles/slots.ts';
import { Tenants } from '../../src/policy/tenants.ts';
import { openWriters } from '../../src/spool/open.ts';
import type { Appended, SpoolWriter } from '../../src/spool/types.ts';
import type { Offer } from './books.ts';
import { storesOf } from './store-list.ts';
import { isOfTheSystem, type SimProcess } from './sim-process.ts';
import type { Surroundings } from './surroundings.ts';

/** What a client sends. */
export interface Mail {
  readonly offer: Offer;
  /** Address of the client. */
  readonly client: string;
  readonly sizeBytes: number;
}

const prefixBytes = 'Received: from client.example\r\n'.length;
/** A message is stored within this time, when nothing is wrong with its disk. */
const longestMs = 3_000;
/** Pieces of a message that does not fit into memory. */
const pieceBytes = 2_048;

export class ReceiverModel {
  readonly process: SimProcess;
  readonly serial: number;
  readonly #around: Surroundings;
  readonly #link: ManagerLink<Submitted, never>;
  readonly #tenants: Tenants;
  /** By the number of the store. */
  #writers: readonly SpoolWriter[] = [];
  /** Messages that are being stored. */
  #inHand = 0;
  #isStopping = false;
  #whenIdle: (() => void) | undefined;

  constructor(around: Surroundings, index: number, serial: number) {
    this.#around = around;
    this.serial = serial;
    this.#tenants = new Tenants(around.config.tenant);
    this.process = around.newProcess(`receiver ${index + 1} (${serial})`);
    this.#link = new ManagerLink<Submitted, never>({
      connect: around.managerFor(this.process),
      hello: () => ({ kind: 'hello', role: 'receiver', index, serial }),
      repeat: true,
      take: () => undefined,
      lost: () => undefined,
    });
    this.process.after(around.random.below(50), () => {
      void this.#link.open();
      this.#open(index).catch((error: unknown) => {
        if (isOfTheSystem(error)) this.process.kill();
        else around.failed(error);
      });
    });
  }

  /** A client hands over a message. */
  take(mail: Mail): void {
    const { books } = this.#around;
    const { offer, client, sizeBytes } = mail;
    const store = offer.recipients.length % Math.max(1, this.#writers.length);
    const writer = this.#writers[store];
    // RFC 1870 6.1: a full disk is told before the content.
    if (this.#isStopping || writer?.hasRoom(sizeBytes) !== true) {
      books.refused(offer);
      return;
    }
    const beganMs = this.#around.clock.nowMs;
    const envelope = this.#envelope(writer, offer, client);
    books.named(offer, envelope.queueId, store);
    this.#inHand++;
    this.#store(writer, mail, envelope)
      .then(
        (appended) => {
          this.#stored(offer, envelope, appended);
          this.#checkUnhindered(appended, beganMs);
        },
        (error: unknown) => {
          if (isOfTheSystem(error)) books.refused(offer);
          else this.#around.failed(error);
        },
      )
      .finally(() => {
        this.#inHand--;
        if (this.#inHand === 0) this.#whenIdle?.();
      });
  }

  /** Messages in hand get the grace; then the process ends. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
      this.process.after(graceMs, resolve);
      if (this.#inHand === 0) resolve();
    });
    await Promise.all(this.#writers.map((writer) => writer.close()));
    this.#link.close();
    this.process.after(1, () => this.process.kill());
  }

  async #open(index: number): Promise<void> {
    const { config, dateMs, spool } = this.#around;
    this.#writers = await openWriters(storesOf(spool, this.process), {
      slot: receiverSlot(index),
      segmentBytes: config.queue.segmentSize,
      reserveBytes: config.queue.reserve,
      sync: 'fdatasync',
      now: dateMs,
    });
  }

  #envelope(writer: SpoolWriter, { recipients, reversePath }: Offer, clientAddress: string): Envelope {
    return {
      queueId: writer.newQueueId(),
      receivedAtMs: this.#around.dateMs(),
      reversePath,
      recipients: recipients.map(({ address }) => ({ address })),
      body: '7BIT',
      smtpUtf8: false,
      origin: { via: 'smtp', clientAddress, helo: 'client.example' },
      tenant: this.#tenants.of(clientAddress, reversePath)?.name,
    };
  }

  async #store(writer: SpoolWriter, { offer, sizeBytes }: Mail, envelope: Envelope): Promise<Appended> {
    const head = `Received: from client.example\r\nMessage-ID: <${offer.id}@client.example>\r\n\r\n`;
    const whole = Buffer.from(head.padEnd(sizeBytes, 'x'));
    // The Received line is written last.
    const prefix = whole.subarray(0, prefixBytes);
    const content = whole.subarray(prefixBytes);
    if (sizeBytes < this.#around.config.receive.largeMessage) {
      return writer.append({ envelope, prefix, content: [content] });
    }
    const large = await writer.openLarge(envelope.queueId);
    try {
      for (let at = 0; at < content.length; at += pieceBytes) {
        await large.write(content.subarray(at, at + pieceBytes));
      }
      return await large.commit(envelope, prefix);
    } catch (error) {
      await large.abort();
      throw error;
    }
  }

  /** Whatever becomes of another store, the first one takes mail as fast as its own disk allows. */
  #checkUnhindered({ ref }: Appended, beganMs: number): void {
    const { clock, wellForMs } = this.#around;
    const tookMs = clock.nowMs - beganMs;
    if (ref.store !== 0 || tookMs < longestMs || wellForMs < tookMs) return;
    this.#around.failed(new Error(`a message waited ${tookMs} ms for a disk that was well`));
  }

  #stored(offer: Offer, envelope: Envelope, { ref, sizeBytes }: Appended): void {
    const { queueId, receivedAtMs, recipients, reversePath, tenant } = envelope;
    this.#link.post({
      kind: 'submitted',
      queueId,
      ref,
      receivedAtMs,
      sizeBytes,
      reversePath,
      recipients: recipients.map(({ address }) => address),
      tenant,
    });
    this.#around.trace(() => `${queueId} (${offer.id}) is answered with 250`);
    this.#around.books.accepted(offer);
  }
}
