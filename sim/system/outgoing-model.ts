// One outgoing connection of a simulated sender: what `outgoing-connection.ts` reports, in the same order, with a host at the
// other end that is slow, busy, hangs, or breaks off before or after it has taken the message.

import type { AttemptResult, CloseReport, ConnectGrant, Work } from '../../src/deliver/types.ts';
import { readFailure } from '../../src/deliver/read-failure.ts';
import { connectionRefusal, localFault, type Peer, type Refusal } from '../../src/message/refusal.ts';
import { refusalText } from '../../src/message/refusal-text.ts';
import { simulatedReply } from '../../src/simulate/simulated-reply.ts';
import type { SpoolReader, StoredMessage } from '../../src/spool/types.ts';
import type { Arrival } from './arrival.ts';
import { verdictOf, type Host } from './internet.ts';
import type { RatedVisit } from './rate-books.ts';
import type { SimProcess } from './sim-process.ts';
import type { Surroundings } from './surroundings.ts';

/** Until a host counts as silent; of a reply and of a read from the disk. */
const timeoutMs = 15_000;

/** The sender process of a connection. */
export interface Carrier {
  readonly process: SimProcess;
  readonly reader: SpoolReader;
  readonly around: Surroundings;
  ready(connection: OutgoingModel): void;
  /** @param arrivals - of what was delivered */
  done(
    connection: OutgoingModel,
    queueId: string,
    results: readonly AttemptResult[],
    reusable: boolean,
    arrivals: readonly Arrival[],
  ): void;
  closed(connection: OutgoingModel, report: CloseReport): void;
}

export class OutgoingModel {
  readonly id: number;
  readonly #sender: Carrier;
  readonly #host: Host;
  readonly #visit: RatedVisit;
  #next: Work | undefined;
  #work: Work | undefined;
  #isUsable = false;
  #canBegin = false;
  #isClosing = false;
  #hasEnded = false;
  #transactions = 0;

  constructor(sender: Carrier, grant: ConnectGrant) {
    const { internet, limitBooks, rateBooks, grants } = sender.around;
    this.id = grant.connection;
    this.#sender = sender;
    this.#host = internet.host(grant.hop.ip);
    this.#next = grant.work;
    const { site, source } = grant;
    const { ip, host: mx } = grant.hop;
    this.#visit = { sender, place: { site, ip, mx, source }, ...grants.of(grant.work) };
    if (sender.around.sourceBooks.lost.has(source)) {
      // bind(2) fails, and no destination hears of it.
      const refusal = localFault(
        'connect',
        `cannot connect from ${source}: this machine has no such address`,
      );
      queueMicrotask(() => this.#end({ kind: 'failed', refusal }));
      return;
    }
    limitBooks.opened(this.#visit);
    rateBooks.connects(this.#visit);
    this.#connect();
  }

  get #peer(): Peer {
    return { host: this.#host.name, endpoint: { kind: 'tcp', ip: this.#host.ip, port: 25 } };
  }

  /** Recipients of the transaction in hand. */
  get inHand(): number {
    return (this.#work?.recipients.length ?? 0) + (this.#next?.recipients.length ?? 0);
  }

  /** Granted, and without a report so far. */
  get isBusy(): boolean {
    return this.#work !== undefined || this.#next !== undefined;
  }

  transact(work: Work): void {
    this.#next = work;
    if (this.#canBegin && !this.#isClosing) this.#begin();
  }

  quit(): void {
    if (this.#hasEnded || this.#isClosing) return;
    this.#isClosing = true;
    if (!this.#isUsable) this.#end({ kind: 'unused' });
    else if (this.#work === undefined && this.#canBegin) this.#sayQuit();
  }

  finish(): void {
    if (this.#work === undefined) this.abandon('nothing was in hand');
    else this.quit();
  }

  abandon(why: string): void {
    if (this.#hasEnded) return;
    this.cut(why);
    this.#lost('Sluice is stopping');
  }

  /** The socket is gone: only the other end knows what it has taken. */
  cut(why: string): void {
    this.#sender.around.memory.forget(this, why);
    this.#sender.around.limitBooks.closed(this.#visit);
  }

  #connect(): void {
    const { random } = this.#sender.around;
    const { isDead, temper } = this.#host;
    if (isDead || random.next() < temper.hangs) {
      this.#later(timeoutMs, () => this.#lost('timed out'));
    } else if (random.next() < temper.refuses) {
      this.#later(temper.replyMs, () => this.#lost('connection refused'));
    } else if (random.next() < temper.greets4xx) {
      this.#later(temper.replyMs, () => this.#lost('421 4.3.2 not now (greeting)'));
    } else {
      this.#later(temper.greetingMs + temper.replyMs, () => this.#ready());
    }
  }

  #ready(): void {
    this.#canBegin = true;
    if (!this.#isUsable) {
      this.#isUsable = true;
      this.#sender.ready(this);
    }
    if (this.#next !== undefined) this.#begin();
    else if (this.#isClosing) this.#sayQuit();
  }

  #begin(): void {
    const work = this.#next;
    if (work === undefined) return;
    const { limitBooks, rateBooks, grants } = this.#sender.around;
    this.#next = undefined;
    this.#work = work;
    this.#canBegin = false;
    this.#transactions++;
    const grant = grants.of(work);
    Object.assign(this.#visit, grant);
    this.#sender.around.routeBooks.begins(grant.routes, this.#host.name);
    if (this.#transactions > 1) limitBooks.used(this.#visit);
    rateBooks.begins(this.#visit);
    if (!work.fresh) {
      this.#read(work);
      return;
    }
    let message: StoredMessage;
    try {
      message = this.#sender.reader.readFresh(work.ref);
    } catch {
      this.#read(work);
      return;
    }
    this.#transaction(work, message);
  }

  #read(work: Work): void {
    let isWaiting = true;
    this.#later(timeoutMs, () => {
      if (isWaiting && this.#work === work) this.#unreadable(work, new Error('the disk did not answer'));
    });
    this.#sender.reader.read(work.ref).then(
      (message) => {
        isWaiting = false;
        if (!this.#hasEnded && this.#work === work) this.#transaction(work, message);
      },
      (error: unknown) => {
        isWaiting = false;
        this.#unreadable(work, error);
      },
    );
  }

  #unreadable(work: Work, error: unknown): void {
    if (this.#hasEnded || this.#work !== work) return;
    const refusal = readFailure(error);
    this.#sender.around.trace(() => `${work.queueId} cannot be read: ${refusalText(refusal)}`);
    this.#report(work, this.#refuseAll(work, refusal), []);
    if (!this.#isClosing) this.#ready();
    else this.#sayQuit();
  }

  #transaction(work: Work, message: StoredMessage): void {
    const { random } = this.#sender.around;
    const { temper } = this.#host;
    // MAIL, RCPT and DATA.
    this.#later(3 * temper.replyMs, () => {
      if (this.#hasDropped('dropsBefore')) {
        // Nothing of it was heard on a connection that was used before: as if it had not begun.
        if (this.#transactions > 1 && random.next() < 0.5) this.#end({ kind: 'unused' });
        else this.#lost('the remote server closed the connection');
      } else this.#send(work, message).catch((error: unknown) => this.#sender.around.failed(error));
    });
  }

  async #send(work: Work, message: StoredMessage): Promise<void> {
    const { around } = this.#sender;
    const { temper } = this.#host;
    const isBusy = around.random.next() < temper.isBusy;
    const verdicts = new Map(
      work.recipients.map((index) => {
        const address = message.envelope.recipients[index]?.address ?? '';
        return [index, { address, verdict: isBusy ? 'later' : verdictOf(address, around.isCalm) }] as const;
      }),
    );
    const taken = [...verdicts].filter(([, { verdict }]) => verdict === 'taken');
    const results = work.recipients.map((index): AttemptResult => {
      const verdict = verdicts.get(index)?.verdict;
      if (verdict === 'taken') return { recipient: index, result: 'delivered' };
      if (verdict === 'never') around.books.refusedAt(work.queueId, index);
      const reply =
        verdict === 'never'
          ? '550 5.1.1 no such user'
          : `451 4.3.0 not at this moment (${around.grants.count})`;
      return { recipient: index, result: 'refused', refusal: simulatedReply(this.#peer, 'RCPT', reply) };
    });
    if (taken.length === 0) {
      this.#done(work, results, []);
      return;
    }
    let content: string;
    try {
      content = await this.#content(message);
    } catch (error) {
      if (this.#hasEnded || this.#work !== work) return;
      // The content could not be finished: nothing was taken, and the connection is of no more use.
      this.#isClosing = true;
      this.#done(work, this.#refuseAll(work, readFailure(error)), []);
      return;
    }
    if (this.#hasEnded || this.#work !== work) return;
    const addresses = taken.map(([, { address }]) => address);
    around.trace(() => `${work.queueId} arrives at ${addresses.join(', ')}`);
    const arrivals = around.books.took(content, addresses, this);
    for (const arrival of arrivals) arrival.store = work.ref.store;
    around.second?.arrives(work.ref.store);
    if (this.#hasDropped('dropsAfter')) {
      around.memory.forget(this, 'the destination closed the connection after it had taken the message');
      this.#later(temper.replyMs, () => this.#lost('the remote server closed the connection'));
    } else this.#later(temper.replyMs, () => this.#done(work, results, arrivals));
  }

  /** Piece by piece, as the other end takes it. */
  async #content(message: StoredMessage): Promise<string> {
    const { random } = this.#sender.around;
    const pieces: Uint8Array[] = [];
    const pause = (): Promise<void> =>
      new Promise((resolve) => {
        this.#later(random.next() * this.#host.temper.contentMs, resolve);
      });
    if (message.content !== undefined) {
      await pause();
      pieces.push(message.content);
    } else {
      for await (const piece of message.stream()) {
        await pause();
        pieces.push(piece);
      }
    }
    return Buffer.concat(pieces).toString('latin1');
  }

  #hasDropped(when: 'dropsBefore' | 'dropsAfter'): boolean {
    return this.#sender.around.random.next() < this.#host.temper[when];
  }

  #done(work: Work, results: readonly AttemptResult[], arrivals: readonly Arrival[]): void {
    if (this.#hasEnded || this.#work !== work) return;
    this.#report(work, results, arrivals);
    if (this.#isClosing) this.#sayQuit();
    else if (this.#sender.around.random.next() < this.#host.temper.closesAfter) {
      this.#later(this.#host.temper.replyMs, () => {
        // It may have been used again just now: then nothing of that was heard.
        if (!this.#hasEnded) this.#end({ kind: this.isBusy ? 'unused' : 'closed' });
      });
    } else this.#ready();
  }

  #report(work: Work, results: readonly AttemptResult[], arrivals: readonly Arrival[]): void {
    this.#work = undefined;
    this.#visit.domains = [];
    this.#sender.done(this, work.queueId, results, !this.#isClosing, arrivals);
    // From now on the process knows it, and not this connection.
    this.#sender.around.memory.forget(this, 'its sender process forgot it at once');
  }

  #refuseAll(work: Work, refusal: Refusal): AttemptResult[] {
    return work.recipients.map((recipient) => ({ recipient, result: 'refused', refusal }));
  }

  #sayQuit(): void {
    this.#isClosing = true;
    this.#canBegin = false;
    this.#later(this.#host.temper.replyMs, () => this.#end({ kind: this.isBusy ? 'unused' : 'closed' }));
  }

  /** Whatever was in hand gets its results. */
  #lost(reason: string): void {
    if (this.#hasEnded) return;
    const work = this.#work;
    if (work !== undefined) {
      this.#isClosing = true;
      this.#report(work, this.#refuseAll(work, connectionRefusal(this.#peer, 'RCPT', reason)), []);
    }
    if (this.#isUsable) this.#end({ kind: this.isBusy ? 'unused' : 'closed' });
    else this.#end({ kind: 'failed', refusal: connectionRefusal(this.#peer, 'connect', reason) });
  }

  #end(report: CloseReport): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const work = this.#work ?? this.#next;
    const isAttempt =
      report.kind === 'closed' || (report.kind === 'failed' && report.refusal.by.kind !== 'local');
    if (work !== undefined && !isAttempt) this.#sender.around.grants.cameToNothing(work);
    this.cut('the connection ended');
    this.#sender.closed(this, report);
  }

  /** Something happens on the connection, unless it has ended meanwhile. */
  #later(ms: number, act: () => void): void {
    this.#sender.process.after(ms * (0.5 + this.#sender.around.random.next()), () => {
      if (!this.#hasEnded) act();
    });
  }
}
