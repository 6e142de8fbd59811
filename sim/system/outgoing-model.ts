// One outgoing connection of a simulated sender: what `outgoing-connection.ts` reports, in the same order, to a host that is slow,
// busy, hangs, or breaks off. Several transactions may be on the way: the host works on them one after the other, and what it
// says arrives in that order.

import type { AttemptResult, CloseReport, ConnectGrant, Work } from '../../src/deliver/types.ts';
import { readFailure } from '../../src/deliver/read-failure.ts';
import { connectionRefusal, localFault, type Peer, type Refusal } from '../../src/message/refusal.ts';
import { refusalText } from '../../src/message/refusal-text.ts';
import type { SpoolReader } from '../../src/spool/types.ts';
import { grantedAtOnce } from '../../src/values/pipelining.ts';
import { check } from '../world/ledger.ts';
import type { Arrival } from './arrival.ts';
import { HostModel, type HostClient, type Underway } from './host-model.ts';
import type { Host } from './internet.ts';
import type { Visit } from './limit-books.ts';
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
    work: Work,
    results: readonly AttemptResult[],
    reusable: boolean,
    arrivals: readonly Arrival[],
  ): void;
  closed(connection: OutgoingModel, report: CloseReport): void;
}

export class OutgoingModel implements HostClient {
  readonly id: number;
  readonly peer: Peer;
  readonly around: Surroundings;
  readonly #sender: Carrier;
  readonly #host: Host;
  readonly #server: HostModel;
  readonly #visit: Visit;
  /** Granted, and not begun. */
  readonly #waiting: Work[] = [];
  /** Begun, and without results; the oldest first. */
  readonly #begun: Underway[] = [];
  #isUsable = false;
  /** The host has not hung up, and QUIT was not said. */
  #canBegin = false;
  #isClosing = false;
  #hasEnded = false;
  #granted = 1;
  #hasLast: boolean;
  #transactions = 0;

  constructor(sender: Carrier, grant: ConnectGrant) {
    const { around } = sender;
    const { internet, limitBooks, rateBooks, grants } = around;
    this.id = grant.connection;
    this.around = around;
    this.#sender = sender;
    this.#host = internet.host(grant.hop.ip);
    this.peer = { host: this.#host.name, endpoint: { kind: 'tcp', ip: this.#host.ip, port: 25 } };
    this.#server = new HostModel(this.#host, this);
    this.#waiting.push(grant.work);
    this.#hasLast = grant.work.isLast === true;
    const { site, source } = grant;
    const { ip, host: mx } = grant.hop;
    const place = { site, ip, mx, source };
    const first = grants.of(grant.work);
    this.#visit = {
      name: first.name,
      sender,
      place,
      carries: [first],
      limits: first.limits,
      grant: first.grant,
    };
    if (around.sourceBooks.lost.has(source)) {
      // bind(2) fails, and no destination hears of it.
      const refusal = localFault(
        'connect',
        `cannot connect from ${source}: this machine has no such address`,
      );
      queueMicrotask(() => this.#end({ kind: 'failed', refusal }));
      return;
    }
    limitBooks.opened(this.#visit);
    rateBooks.connects({ place, ...first });
    this.#connect();
  }

  /** How many transactions may be on the way. */
  get depth(): number {
    return this.#host.depth;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Recipients of the transactions that are on the way. */
  get inHand(): number {
    const works = [...this.#begun.map(({ work }) => work), ...this.#waiting];
    return works.reduce((sum, { recipients }) => sum + recipients.length, 0);
  }

  get #onTheWay(): number {
    return this.#begun.length + this.#waiting.length;
  }

  transact(work: Work): void {
    const allowed = grantedAtOnce(this.depth);
    check(this.#onTheWay < allowed, () => `${this.#onTheWay + 1} transactions at once, allowed ${allowed}`);
    check(!this.#hasLast, () => `${work.queueId} is granted behind the last one of a connection`);
    this.#hasLast = work.isLast === true;
    this.#granted++;
    const most = this.around.config.deliver.transactionsPerConnection;
    check(this.#granted <= most, () => `transaction ${this.#granted} of a connection, allowed ${most}`);
    this.#waiting.push(work);
    if (this.#onTheWay > 1) this.around.grants.wentAhead();
    this.#beginAll();
  }

  quit(): void {
    if (this.#hasEnded || this.#isClosing) return;
    this.#isClosing = true;
    if (!this.#isUsable) this.#end({ kind: 'unused' });
    else if (this.#begun.length === 0 && this.#canBegin) this.#sayQuit();
  }

  finish(): void {
    if (this.#begun.length === 0) this.abandon('nothing was in hand');
    else this.quit();
  }

  abandon(why: string): void {
    if (this.#hasEnded) return;
    this.cut(why);
    this.#lost('Sluice is stopping', this.#begun.length);
  }

  /** The socket is gone: only the other end knows what it has taken. */
  cut(why: string): void {
    for (const underway of this.#begun) this.around.memory.forget(underway, why);
    this.around.limitBooks.closed(this.#visit);
  }

  #connect(): void {
    const { random } = this.around;
    const { isDead, temper } = this.#host;
    if (isDead || random.next() < temper.hangs) {
      this.later(timeoutMs, () => this.#lost('timed out', 0));
    } else if (random.next() < temper.refuses) {
      this.later(temper.replyMs, () => this.#lost('connection refused', 0));
    } else if (random.next() < temper.greets4xx) {
      this.later(temper.replyMs, () => this.#lost('421 4.3.2 not now (greeting)', 0));
    } else {
      this.later(temper.greetingMs + temper.replyMs, () => {
        this.#isUsable = true;
        this.#canBegin = true;
        this.#sender.ready(this);
        this.#beginAll();
        if (this.#isClosing && this.#begun.length === 0) this.#sayQuit();
      });
    }
  }

  #beginAll(): void {
    while (this.#canBegin && !this.#isClosing && this.#begun.length < this.depth) {
      const work = this.#waiting.shift();
      if (work === undefined) return;
      this.#begin(work);
    }
  }

  #begin(work: Work): void {
    const { limitBooks, rateBooks, grants, routeBooks } = this.around;
    this.#transactions++;
    const underway: Underway = { work, number: this.#transactions, isAlone: this.#begun.length === 0 };
    this.#begun.push(underway);
    const granted = grants.of(work);
    this.#visit.limits = granted.limits;
    this.#visit.grant = granted.grant;
    routeBooks.begins(granted.routes, this.#host.name);
    if (this.#transactions > 1) {
      this.#visit.carries.push(granted);
      limitBooks.used(this.#visit);
    }
    rateBooks.begins({ place: this.#visit.place, ...granted });
    if (work.fresh) {
      try {
        underway.message = this.#sender.reader.readFresh(work.ref);
      } catch {
        this.#read(underway);
        return;
      }
      this.#server.serve(this.#begun);
    } else this.#read(underway);
  }

  #read(underway: Underway): void {
    const isWaiting = (): boolean => underway.message === undefined && underway.failure === undefined;
    const failed = (error: unknown): void => {
      if (this.#hasEnded || !isWaiting()) return;
      underway.failure = readFailure(error);
      this.around.trace(() => `${underway.work.queueId} cannot be read: ${refusalText(readFailure(error))}`);
      this.#server.serve(this.#begun);
    };
    this.later(timeoutMs, () => failed(new Error('the disk did not answer')));
    this.#sender.reader.read(underway.work.ref).then((message) => {
      if (this.#hasEnded || !isWaiting()) return;
      underway.message = message;
      this.#server.serve(this.#begun);
    }, failed);
  }

  /** The client hears of the results of the oldest transaction. @param arrivals - of what was delivered */
  done(underway: Underway, results: readonly AttemptResult[], arrivals: readonly Arrival[]): void {
    check(this.#begun[0] === underway, () => 'a host has answered out of order');
    // QUIT has left with the end of its content.
    if (underway.work.isLast === true && this.depth > 1) this.#isClosing = true;
    this.#report(results, arrivals);
    if (this.#isClosing) {
      if (this.#begun.length === 0 && this.#canBegin) this.#sayQuit();
    } else this.#beginAll();
  }

  /** Nothing more of this transaction can be said: its message could not be read in the middle of its content. */
  contentFailed(underway: Underway, refusal: Refusal): void {
    this.#isClosing = true;
    this.done(underway, refuseAll(underway.work, refusal), []);
    if (!this.#hasEnded) this.#sayQuit();
  }

  /** The host answers nothing more: it hangs up when what it has said has arrived. */
  hostLeaves(): void {
    this.#canBegin = false;
  }

  /** The host has hung up. @param heardOf - it has said something about the oldest transaction */
  hungUp(heardOf: boolean): void {
    let tried = this.#begun.findIndex((each) => !this.#isWritten(each));
    if (tried === -1) tried = this.#begun.length;
    // The first one of a connection is always an attempt.
    const isAttempt = heardOf || this.#begun[0]?.number === 1;
    this.#lost('the remote server closed the connection', Math.max(tried, isAttempt ? 1 : 0));
  }

  /** With CHUNKING, the content leaves with the commands. */
  #isWritten({ isWritten, message }: Underway): boolean {
    return isWritten === true || (this.#host.hasChunking && message !== undefined);
  }

  #report(results: readonly AttemptResult[], arrivals: readonly Arrival[]): void {
    const underway = this.#begun.shift();
    if (underway === undefined) return;
    const { work } = underway;
    const granted = this.around.grants.of(work);
    const { carries } = this.#visit;
    carries.splice(carries.indexOf(granted), 1);
    this.#sender.done(this, work, results, !this.#isClosing, arrivals);
    // From now on the process knows it, and not this connection.
    this.around.memory.forget(underway, 'its sender process forgot it at once');
  }

  #sayQuit(): void {
    this.#isClosing = true;
    this.#canBegin = false;
    this.later(this.#host.temper.replyMs, () =>
      this.#end({ kind: this.#onTheWay > 0 ? 'unused' : 'closed' }),
    );
  }

  /** The connection is lost. @param tried - so many of the transactions that were begun count as tried; the others come back */
  #lost(reason: string, tried: number): void {
    if (this.#hasEnded) return;
    if (!this.#isUsable) {
      this.#end({ kind: 'failed', refusal: connectionRefusal(this.peer, 'connect', reason) });
      return;
    }
    this.#isClosing = true;
    for (const { work } of this.#begun.slice(0, tried)) {
      this.#report(refuseAll(work, connectionRefusal(this.peer, 'RCPT', reason)), []);
    }
    this.#end({ kind: this.#onTheWay > 0 ? 'unused' : 'closed' });
  }

  #end(report: CloseReport): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const isAttempt =
      report.kind === 'closed' || (report.kind === 'failed' && report.refusal.by.kind !== 'local');
    if (!isAttempt) {
      for (const { work } of this.#begun) this.around.grants.cameToNothing(work);
      for (const work of this.#waiting) this.around.grants.cameToNothing(work);
    }
    this.cut('the connection ended');
    this.#sender.closed(this, report);
  }

  /** Something happens on the connection, unless it has ended meanwhile. */
  later(ms: number, act: () => void): void {
    this.#sender.process.after(ms * (0.5 + this.around.random.next()), () => {
      if (!this.#hasEnded) act();
    });
  }
}

function refuseAll(work: Work, refusal: Refusal): AttemptResult[] {
  return work.recipients.map((recipient) => ({ recipient, result: 'refused', refusal }));
}
