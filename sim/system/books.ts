// What the outside knows: which messages were offered and which answered with 250, what arrived where, and which reports
// came. Judges each arrival when it comes, and the whole at the end.

import { check } from '../world/ledger.ts';
import { Arrival } from './arrival.ts';
import { ClockBooks } from './clock-books.ts';
import type { Knower } from './fact.ts';
import type { Memory } from './memory.ts';
import type { OutageBooks } from './outage-books.ts';
import { ReportBooks } from './report-books.ts';

export interface BookedRecipient {
  readonly address: string;
  readonly arrivals: Arrival[];
  /** Message-IDs of reports that name it as failed. */
  readonly reports: Set<string>;
  /** A destination has refused it for good. */
  wasRefused: boolean;
  /** An operator has given it up, or may have. */
  isGivenUp: boolean;
  /** It was granted once. */
  wasTried: boolean;
}

/** One message as a client offers it. */
export interface Offer {
  /** Stands in its Message-ID. */
  readonly id: string;
  /** Empty: the null reverse path. */
  readonly reversePath: string;
  /** Whose mail it is; empty: nobody's. */
  readonly tenant: string;
  readonly sizeBytes: number;
  readonly recipients: readonly BookedRecipient[];
  readonly atMs: number;
  answer: 'none' | 'accepted' | 'refused';
  acceptedAtMs: number;
  queueId: string;
  /** The number of the store that it is for. */
  store: number;
  wasHeld: boolean;
}

export interface NewOffer {
  readonly id: string;
  readonly reversePath: string;
  readonly tenant: string;
  readonly sizeBytes: number;
  readonly addresses: readonly string[];
}

export interface BooksOptions {
  readonly memory: Memory;
  readonly nowMs: () => number;
  /** Of mail with the null reverse path. */
  readonly nullLifetimeMs: number;
  /** Of all other mail. */
  readonly lifetimeMs: number;
  readonly postmaster: string;
  readonly outages: Pick<OutageBooks, 'mayExpireAtMs' | 'outlives'>;
}

/** Small steps of the clock while a message is on its way to the manager are taken for time. */
export const slackMs = 15_000;

const messageIdPattern = /^Message-ID: <([^@>]+)@/imu;
const queueIdPattern = /^X-Sluice-Queue-ID: (\S+)/gimu;
const failurePattern = /^Final-Recipient: rfc822; ?(\S+)\r\nAction: failed\r\nStatus: (\S+)/gimu;

export class Books {
  readonly offers = new Map<string, Offer>();
  readonly #byQueueId = new Map<string, Offer>();
  readonly #memory: Memory;
  readonly #nowMs: () => number;
  readonly #reports = new ReportBooks();
  readonly #clock: ClockBooks;
  /** How often each thing was seen: books that judge nothing are found by this. */
  readonly seen = { accepted: 0, refused: 0, arrivals: 0, repeats: 0, reports: 0, expired: 0 };

  readonly #nullLifetimeMs: number;
  readonly #postmaster: string;
  readonly #outages: BooksOptions['outages'];
  readonly #lifetimeMs: number;
  #wasPowerCut = false;

  constructor({ memory, nowMs, nullLifetimeMs, lifetimeMs, outages, postmaster }: BooksOptions) {
    this.#outages = outages;
    this.#postmaster = postmaster;
    this.#lifetimeMs = lifetimeMs;
    this.#memory = memory;
    this.#nowMs = nowMs;
    this.#clock = new ClockBooks(nowMs, slackMs);
    this.#nullLifetimeMs = nullLifetimeMs;
  }

  offered({ id, reversePath, tenant, sizeBytes, addresses }: NewOffer): Offer {
    const recipients = addresses.map((address) => ({
      address,
      arrivals: [],
      reports: new Set<string>(),
      wasRefused: false,
      isGivenUp: false,
      wasTried: false,
    }));
    const offer: Offer = {
      id,
      reversePath,
      tenant,
      sizeBytes,
      recipients,
      atMs: this.#nowMs(),
      answer: 'none',
      acceptedAtMs: 0,
      queueId: '',
      store: 0,
      wasHeld: false,
    };
    this.offers.set(id, offer);
    return offer;
  }

  /** A receiver has given it a queue id. */
  named(offer: Offer, queueId: string, store: number): void {
    check(!this.#byQueueId.has(queueId), () => `the queue id ${queueId} was given twice`);
    offer.queueId = queueId;
    offer.store = store;
    this.#byQueueId.set(queueId, offer);
  }

  /** Of a transaction; of a report, one at the same domain. */
  addressesOf({
    queueId,
    recipients,
  }: {
    readonly queueId: string;
    readonly recipients: readonly number[];
  }): string[] {
    const offer = this.#byQueueId.get(queueId);
    return recipients.map((index) => offer?.recipients[index]?.address ?? this.#postmaster);
  }

  /** Undefined: it is a report. */
  tenantOf(queueId: string): string | undefined {
    return this.#byQueueId.get(queueId)?.tenant;
  }

  /** The client has heard 250, or may have. */
  accepted(offer: Offer): void {
    offer.answer = 'accepted';
    offer.acceptedAtMs = this.#nowMs();
    this.seen.accepted++;
  }

  isAccepted(queueId: string): boolean {
    return this.#byQueueId.get(queueId)?.answer === 'accepted';
  }

  refused(offer: Offer): void {
    offer.answer = 'refused';
    this.seen.refused++;
  }

  /** A destination refuses a recipient for good. */
  refusedAt(queueId: string, recipient: number): void {
    const booked = this.#byQueueId.get(queueId)?.recipients[recipient];
    if (booked !== undefined) booked.wasRefused = true;
  }

  /** An operator gives recipients up: from now on they may fail, and be reported. */
  givenUp(queueId: string, chosen: readonly { readonly recipient: number }[]): void {
    for (const { recipient } of chosen) {
      const booked = this.#byQueueId.get(queueId)?.recipients[recipient];
      if (booked !== undefined) booked.isGivenUp = true;
    }
  }

  /** An operator holds the message, or may: its lifetime does not go on meanwhile. */
  held(queueId: string): void {
    const offer = this.#byQueueId.get(queueId);
    if (offer !== undefined) offer.wasHeld = true;
  }

  clockWasSet(byMs: number): void {
    this.#clock.set(byMs);
  }

  get wasClockSet(): boolean {
    return this.#clock.wasSet;
  }

  /**
   * Does nobody know how old it is? See `ClockBooks.isUnknown`. And what a machine was off for is told by the clock alone: up to
   * an hour of it counts.
   */
  isAgeUnknown({ atMs }: Offer): boolean {
    return this.#clock.isUnknown(atMs) || (this.#clock.wasSet && this.#wasPowerCut);
  }

  powerWasCut(): void {
    this.#wasPowerCut = true;
  }

  /** A lifetime lasts as long as it says, whatever the clock shows. */
  #expired(offer: Offer, { address, wasTried }: BookedRecipient): void {
    const { id, atMs } = offer;
    this.seen.expired++;
    if (this.isAgeUnknown(offer)) return;
    const dueMs = atMs + this.#lifetimeMs;
    const isOver = this.#nowMs() >= dueMs - (this.#clock.wasSet ? slackMs : 0);
    check(isOver, () => `${id} expired ${this.#nowMs() - atMs} ms after it came`);
    if (wasTried || offer.wasHeld || this.#clock.wasSet) return;
    const mayMs = this.#outages.mayExpireAtMs(domainOf(address), dueMs);
    check(this.#nowMs() >= mayMs, () => `${id} to ${address} expired while no name server answered`);
  }

  /** Its transaction was granted. */
  tried(queueId: string, indexes: readonly number[]): void {
    const offer = this.#byQueueId.get(queueId);
    for (const index of indexes) {
      const recipient = offer?.recipients[index];
      if (recipient !== undefined) recipient.wasTried = true;
    }
  }

  /** @param inOrder - everything that it knew is stored */
  managerEnded(inOrder: boolean): void {
    this.#clock.managerEnded(inOrder);
  }

  /**
   * A destination has taken a message.
   * @param transaction - in which it came: it alone knows of the arrivals now
   */
  took(content: string, addresses: readonly string[], transaction: Knower): readonly Arrival[] {
    const id = messageIdPattern.exec(content)?.[1] ?? '';
    const arrivals = addresses.map((address) => this.#arrived(id, address, content, transaction));
    this.#memory.learn(transaction, arrivals);
    return arrivals;
  }

  #arrived(id: string, address: string, content: string, transaction: Knower): Arrival {
    const offer = this.offers.get(id);
    const arrival = new Arrival(this.#nowMs(), transaction);
    this.seen.arrivals++;
    if (offer === undefined) {
      this.#reportArrived(id, address, content, arrival);
      return arrival;
    }
    const recipient = offer.recipients.find((each) => each.address === address);
    check(recipient !== undefined, () => `${id} arrived at ${address}, which is none of its recipients`);
    recipient.arrivals.push(arrival);
    const dueMs = offer.atMs + this.#lifetimeMs;
    if (this.#nowMs() > dueMs) this.#outages.outlives(domainOf(address), dueMs);
    this.#judge(id, recipient);
    return arrival;
  }

  /** Who knew of an ending must have forgotten it before there is another one. */
  #judge(id: string, { address, arrivals, isGivenUp, reports }: BookedRecipient): void {
    // The report about what is given up is stored first: after a crash it may be delivered all the same.
    const endings = arrivals.length + (reports.size > 0 && !isGivenUp ? 1 : 0);
    if (endings < 2) return;
    this.seen.repeats++;
    const forgotten = arrivals.filter((each) => each.forgotten !== undefined);
    check(
      forgotten.length >= endings - 1,
      () =>
        `${id} arrived at ${address} ${arrivals.length} times (${arrivals.map(({ atMs }) => atMs).join(', ')})` +
        `${reports.size > 0 ? ' and was reported as failed' : ''}; explained: ` +
        `${forgotten.map((each) => each.forgotten).join(', ') || 'nothing'}`,
    );
  }

  #reportArrived(id: string, address: string, content: string, arrival: Arrival): void {
    check(/^Content-Type: multipart\/report/imu.test(content), () => `"${id}" arrived, which nobody sent`);
    this.seen.reports++;
    // A notice to the postmaster is about a report, which stands in it.
    const queueIds = [...content.matchAll(queueIdPattern)].map(([, queueId = '']) => queueId);
    const original = queueIds
      .map((queueId) => this.#byQueueId.get(queueId))
      .find((each) => each !== undefined);
    check(original !== undefined, () => `the report ${id} is about a message that nobody sent`);
    const managerEnds = this.#clock.crashesSince(original.atMs);
    this.#reports.arrived(id, arrival, managerEnds);
    const isNotice = queueIds.length > 1 && address === this.#postmaster;
    // The Message-ID of a report has its queue id, which the notice about it names first.
    const [reportId = id] = isNotice ? queueIds : [id];
    if (isNotice) this.#reports.noticed(id, reportId, managerEnds);
    check(
      isNotice || address === original.reversePath,
      () => `the report ${id} about ${original.id} went to ${address}`,
    );
    // No disk here damages what it has kept.
    check(!/damaged/u.test(content), () => `${original.id} is reported about as damaged`);
    // A notice has what the report says behind its own.
    for (const [, failed = '', status = ''] of [...content.matchAll(failurePattern)].slice(
      isNotice ? 1 : 0,
    )) {
      this.#reported(reportId, original, failed, status);
    }
  }

  #reported(id: string, offer: Offer, address: string, status: string): void {
    const recipient = offer.recipients.find((each) => each.address === address);
    check(recipient !== undefined, () => `a report about ${offer.id} names ${address}`);
    // RFC 3463 4.4.7: its time was over. Nothing else makes mail fail that no destination has refused for good.
    if (status === '4.4.7') {
      this.#expired(offer, recipient);
    } else {
      check(
        recipient.isGivenUp || address.startsWith('bad'),
        () => `${offer.id} failed at ${address}, which nobody refused: ${status}`,
      );
    }
    recipient.reports.add(id);
    check(
      recipient.reports.size <= 1 + this.#clock.crashesSince(offer.atMs),
      () => `the failure of ${offer.id} at ${address} was reported ${recipient.reports.size} times`,
    );
    this.#judge(offer.id, recipient);
  }

  /** Has everything ended that has to? */
  get isComplete(): boolean {
    return [...this.offers.values()].every((offer) => this.#missing(offer) === undefined);
  }

  /** All faults are over, and the queue is empty. */
  finish(): void {
    for (const offer of this.offers.values()) {
      const missing = this.#missing(offer);
      check(
        missing === undefined,
        () => `${offer.id} was answered 250; ${missing?.address} neither got it nor is there a report`,
      );
    }
  }

  #missing({ answer, atMs, recipients, reversePath }: Offer): BookedRecipient | undefined {
    if (answer !== 'accepted') return undefined;
    // RFC 5321 4.5.5: nobody hears that a message with the null reverse path failed.
    const mayHaveExpired = reversePath === '' && this.#nowMs() > atMs + this.#nullLifetimeMs;
    return recipients.find(({ address, arrivals, isGivenUp, reports }) => {
      if (reversePath === '' && (isGivenUp || address.startsWith('bad'))) return false;
      return arrivals.length === 0 && reports.size === 0 && !mayHaveExpired;
    });
  }
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
