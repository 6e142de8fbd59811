// A receiver process: it writes to the spool and tells the manager as the real one does (`message-intake.ts`), with the
// real writer and the real link; clients and their sessions are offers of messages.

import type { Submitted } from '../../src/channel/messages.ts';
import { ManagerLink } from '../../src/channel/manager-link.ts';
import type { Envelope } from '../../src/message/envelope.ts';
import { receiverSlot } from '../../src/process/roles/slots.ts';
import { Tenants } from '../../src/policy/tenants.ts';
import { openWriters } from '../../src/spool/open.ts';
import type { Appended, LargeContent, SpoolWriter } from '../../src/spool/types.ts';
import type { Offer } from './books.ts';
import type { OfferedPart } from './parts.ts';
import { storesOf } from './other-stores.ts';
import { isOfTheSystem, type SimProcess } from './sim-process.ts';
import type { Surroundings } from './surroundings.ts';

/** What a client sends. */
export interface Mail {
  readonly parts: readonly OfferedPart[];
  /** Address of the client. */
  readonly client: string;
  readonly sizeBytes: number;
}

/** One part, on its way to its store. */
interface Part {
  readonly offer: Offer;
  readonly store: number;
  readonly writer: SpoolWriter;
  readonly envelope: Envelope;
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

  /** A client hands over a message: it hears 250 when all parts are stored that have room. */
  take(mail: Mail): void {
    const { books, clock, others } = this.#around;
    const parts = mail.parts.flatMap(({ offer, store }) => this.#begun(mail, offer, store) ?? []);
    if (parts.length === 0) return;
    const beganMs = clock.nowMs;
    for (const { offer, envelope, store } of parts) books.named(offer, envelope.queueId, store);
    this.#inHand++;
    this.#storeAll(mail, parts)
      .then((stored) => {
        const isWhole = stored.every((each) => each !== undefined);
        if (parts.length > 1 && others !== undefined) others.split[isWhole ? 'whole' : 'inPart']++;
        for (const [at, part] of parts.entries()) {
          const appended = stored[at];
          if (appended !== undefined) this.#submit(part.envelope, appended);
          // What is stored stays stored, though the client hears that it must send it again.
          if (isWhole) this.#accepted(part);
          else books.refused(part.offer);
        }
        if (isWhole) this.#checkUnhindered(parts, beganMs);
      })
      .catch((error: unknown) => this.#around.failed(error))
      .finally(() => {
        this.#inHand--;
        if (this.#inHand === 0) this.#whenIdle?.();
      });
  }

  /** Undefined: it is refused. RFC 1870 6.1: a full disk is told before the content, for the recipients there. */
  #begun({ client, sizeBytes }: Mail, offer: Offer, wanted: number | undefined): Part | undefined {
    const store = wanted ?? offer.recipients.length % Math.max(1, this.#writers.length);
    const writer = this.#writers[store];
    if (this.#isStopping || writer?.hasRoom(sizeBytes) !== true) {
      this.#around.books.refused(offer);
      return undefined;
    }
    return { offer, store, writer, envelope: this.#envelope(writer, offer, client) };
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

  /** Of each part: where it is; undefined when its disk failed. As `store-parts.ts`: a large message is copied before its own file counts. */
  async #storeAll({ sizeBytes }: Mail, parts: readonly Part[]): Promise<(Appended | undefined)[]> {
    if (sizeBytes < this.#around.config.receive.largeMessage)
      return Promise.all(parts.map((part) => this.#ended(this.#append(part, sizeBytes))));
    const [home, ...copies] = parts;
    if (home === undefined) return [];
    const large = await this.#ended(this.#openLarge(home, sizeBytes));
    if (large === undefined) return parts.map(() => undefined);
    const ends: (Appended | undefined)[] = [];
    for (const copy of copies) ends.push(await this.#ended(this.#copy(copy, sizeBytes)));
    if (ends.includes(undefined)) {
      await this.#ended(large.abort());
      return [undefined, ...ends];
    }
    return [await this.#ended(large.commit(home.envelope, contentOf(home, sizeBytes).prefix)), ...ends];
  }

  #append({ offer, writer, envelope }: Part, sizeBytes: number): Promise<Appended> {
    const { prefix, content } = contentOf({ offer }, sizeBytes);
    return writer.append({ envelope, prefix, content: [content] });
  }

  async #openLarge(part: Part, sizeBytes: number): Promise<LargeContent> {
    const large = await part.writer.openLarge(part.envelope.queueId);
    const { content } = contentOf(part, sizeBytes);
    try {
      for (let at = 0; at < content.length; at += pieceBytes) {
        await large.write(content.subarray(at, at + pieceBytes));
      }
    } catch (error) {
      await large.abort();
      throw error;
    }
    return large;
  }

  async #copy(part: Part, sizeBytes: number): Promise<Appended> {
    const large = await this.#openLarge(part, sizeBytes);
    try {
      return await large.commit(part.envelope, contentOf(part, sizeBytes).prefix);
    } catch (error) {
      await large.abort();
      throw error;
    }
  }

  /** Undefined when the disk has failed. */
  async #ended<T>(stored: Promise<T>): Promise<T | undefined> {
    try {
      return await stored;
    } catch (error) {
      if (!isOfTheSystem(error)) this.#around.failed(error);
      return undefined;
    }
  }

  /** Whatever becomes of another store, those that are well take mail as fast as their own disks allow. */
  #checkUnhindered(parts: readonly Part[], beganMs: number): void {
    const { clock, others, wellForMs } = this.#around;
    const tookMs = clock.nowMs - beganMs;
    const areWell = parts.every(({ store }) => others?.isAlwaysWell(store) !== false);
    if (!areWell || tookMs < longestMs || wellForMs < tookMs) return;
    this.#around.failed(new Error(`a message waited ${tookMs} ms for disks that were well`));
  }

  #submit(envelope: Envelope, { ref, sizeBytes }: Appended): void {
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
  }

  #accepted({ offer, envelope }: Part): void {
    this.#around.trace(() => `${envelope.queueId} (${offer.id}) is answered with 250`);
    this.#around.books.accepted(offer);
  }
}

/** The Received line is written last. */
function contentOf({ offer }: Pick<Part, 'offer'>, sizeBytes: number): { prefix: Buffer; content: Buffer } {
  const head = `Received: from client.example\r\nMessage-ID: <${offer.id}@client.example>\r\n\r\n`;
  const whole = Buffer.from(head.padEnd(sizeBytes, 'x'));
  return { prefix: whole.subarray(0, prefixBytes), content: whole.subarray(prefixBytes) };
}
