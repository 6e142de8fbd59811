// One outgoing connection of SMTP or LMTP: a sans-I/O client session with its socket and timer, and the transactions that it carries. It
// reports exactly one result for each recipient of a transaction, in the order of the grants, or reports the transactions as `unused`.

import type { ClientSession } from '../../protocol/smtp/client/client-session.ts';
import type { ClientDialect } from '../../protocol/smtp/client/dialect.ts';
import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';
import type { SocketHop } from '../../route/types.ts';
import type { Refusal } from '../../message/refusal.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { failureRefusal, lostRefusal } from '../failure-refusal.ts';
import { readFailure } from '../read-failure.ts';
import type { TransportConnection } from '../transport.ts';
import type { AttemptResult, CloseReport, ConnectedPlace, ConnectGrant, Work } from '../types.ts';
import { GrantedWork } from './granted-work.ts';
import { addChunk, chunkBytes, sendContent } from './send-content.ts';
import { ServerLine } from './server-line.ts';
import type { Wire } from './wire.ts';

export class OutgoingConnection implements TransportConnection {
  readonly #context: ConnectionContext;
  readonly #grant: ConnectedPlace;
  readonly #line: ServerLine;
  readonly #work: GrantedWork;
  readonly #onEnded: () => void;
  /** Greeting and EHLO went through. */
  #usable = false;
  #ended = false;
  #closing = false;
  /** The session was told to end. */
  #saysGoodbye = false;
  #abandoned = false;
  #isPumping = false;
  /** Transactions that are over. */
  #transactions = 0;

  constructor(
    context: ConnectionContext,
    grant: ConnectGrant,
    hop: SocketHop,
    dialect: ClientDialect,
    onEnded: () => void,
  ) {
    this.#context = context;
    const { work, ...place } = grant;
    this.#grant = place;
    this.#onEnded = onEnded;
    this.#work = new GrantedWork(context, work, hop, {
      opened: () => this.#pump(),
      unreadable: (error) => this.#unreadable(error),
    });
    this.#line = new ServerLine(context, hop, place, dialect, {
      connected: () => this.#pump(),
      received: () => {
        if (!this.#ended) this.#pump();
      },
      lost: (reason, isLocal, code) => this.#lost(reason, isLocal, code),
      expired: () => this.#expired(),
    });
  }

  get #wire(): Wire {
    return this.#line.wire;
  }

  get #session(): ClientSession {
    return this.#wire.session;
  }

  transact(work: Work): void {
    this.#work.add(work);
    // At the end of the turn: those that are granted together leave together.
    if (this.#usable) queueMicrotask(() => this.#pump());
  }

  quit(): void {
    if (this.#ended || this.#closing) return;
    this.#closing = true;
    if (this.#usable) this.#pump();
    else this.#end({ kind: 'unused' });
  }

  finish(): void {
    if (this.#work.isAnyBegun) this.quit();
    else this.abandon();
  }

  abandon(): void {
    this.#abandoned = true;
    this.#lost('Sluice is stopping');
    this.#wire.socket.destroy();
  }

  /** The phase took longer than it may (RFC 5321 4.5.3.2). */
  #expired(): void {
    const { connectMs, blockMs } = this.#context.settings.timeouts;
    if (!this.#wire.isConnected) {
      this.#lost(`no connection within ${connectMs / 1000} s`);
    } else if (this.#work.isReading && this.#session.phase === 'idle') {
      this.#unreadable(new Error(`the disk did not answer within ${blockMs / 1000} s`));
    } else if (!this.#triesAgain('timed out', '')) {
      this.#session.timedOut();
      this.#pump();
      this.#lost('timed out');
    }
  }

  /** Acts on the events of the session, begins what can be begun, and sends what there is to send. */
  #pump(): void {
    // Whoever is told of an event may grant more at once.
    if (this.#isPumping || this.#ended) return;
    this.#isPumping = true;
    do this.#takeEvents();
    while (!this.#ended && this.#begins());
    this.#isPumping = false;
    if (this.#ended) return;
    this.#wire.flush();
    this.#wire.timer.run();
  }

  #takeEvents(): void {
    for (let event = this.#session.next(); event !== undefined; event = this.#session.next()) {
      switch (event.kind) {
        case 'handshake':
        case 'login':
        case 'derive':
          this.#line.secure(event, () => this.#pump());
          break;
        case 'ready':
          this.#ready();
          break;
        case 'content':
          // Bytes that came together with the 354 may have ended the session.
          if (this.#session.phase === 'content') this.#sendContent();
          break;
        case 'done':
          this.#done(event.outcomes, event.reusable);
          break;
        case 'failed':
          this.#wire.flush();
          this.#line.failed(event.failure);
          // The failure is of the address, not of a recipient: recipients are tried again, whatever the code.
          this.#finish(failureRefusal(event.failure, this.#grant, false));
          break;
        case 'close':
          this.#wire.flush();
          this.#finish();
          break;
      }
      if (this.#ended) return;
    }
  }

  #ready(): void {
    if (this.#usable) return;
    const lack = this.#line.lack();
    if (lack !== undefined) return this.#finish(lostRefusal(this.#grant, lack, false));
    this.#usable = true;
    const { tlsOutcome } = this.#line;
    this.#context.log.tls(tlsOutcome);
    const { depth, login, way } = this.#session;
    this.#context.reports.ready(this.#grant.connection, tlsOutcome, depth, way, login.mechanism);
  }

  /** Begins the next message if it is there and the session takes it, or says goodbye; false when there is nothing to do. */
  #begins(): boolean {
    if (!this.#usable) return false;
    // Only the reply to QUIT can show that the last ones were answered in their places.
    if (this.#session.places.needsMark && !this.#work.hasMore) this.#closing = true;
    if (this.#closing && !this.#saysGoodbye && !this.#work.isAnyOpening) {
      this.#saysGoodbye = true;
      this.#session.quit();
      return true;
    }
    if (!this.#closing) this.#work.readAhead(this.#wire.timer);
    if (!this.#session.canBegin || !this.#wire.mayFollow) return false;
    // What was granted before the end, and is not even being read, goes back.
    const next = this.#closing ? this.#work.takeOpened() : this.#work.takeNext(this.#wire.timer);
    if (next === undefined) return false;
    const { inHand, message, needsUtf8, sentAs } = next;
    const isLast = inHand.work.isLast === true;
    const size = chunkBytes(message, inHand.work.recipients.length, this.#wire);
    const transaction = inHand.take(message, needsUtf8, this.#grant.hop, size, sentAs);
    if (this.#wire.begin(transaction, !this.#closing && !isLast && this.#work.hasMore)) {
      inHand.takeUnsent();
      addChunk(this.#wire, message);
    }
    // It carries no more than this: QUIT leaves with it.
    if (isLast) this.#closing = true;
    return true;
  }

  /** The message could not be read from the spool: its recipients wait, and the connection can be used again. */
  #unreadable(error: unknown): void {
    if (this.#ended) return;
    const refusal = readFailure(error);
    const work = this.#work.failReading(refusal);
    if (work === undefined) return;
    this.#context.log.unreadable(work, refusal);
    if (this.#session.phase === 'idle') this.#wire.timer.stop();
    else this.#wire.timer.endReading();
    this.#reportUnreadable();
    this.#pump();
  }

  /** Results come in the order of the grants: that of a message that could not be read, when all before it are over. */
  #reportUnreadable(): void {
    for (let next = this.#work.shiftUnreadable(); next !== undefined; next = this.#work.shiftUnreadable()) {
      this.#report(next.inHand.work.queueId, next.inHand.unreadable(next.refusal), !this.#closing);
    }
  }

  #sendContent(): void {
    const inHand = this.#work.oldest;
    const message = inHand?.takeUnsent();
    if (inHand === undefined || message === undefined) return;
    const written = sendContent(this.#wire, message, () => this.#wire.timer.restart());
    if (written === undefined) {
      this.#session.contentSent();
      return;
    }
    void written.then(
      (isWritten) => {
        if (this.#ended || !isWritten) return;
        this.#session.contentSent();
        this.#pump();
      },
      (error: unknown) => {
        if (this.#ended) return;
        inHand.contentFailed(readFailure(error));
        this.#session.contentFailed(error instanceof Error ? error.message : String(error));
        this.#pump();
      },
    );
  }

  #done(outcomes: readonly RecipientOutcome[], reusable: boolean): void {
    const inHand = this.#work.shiftOldest();
    if (inHand?.message === undefined) return;
    this.#transactions++;
    const { log, deadlines } = this.#context;
    if (log.isOn) {
      const facts = { ...inHand.facts(deadlines.nowMs), ...inHand.message, grant: this.#grant };
      log.delivered({ ...facts, source: this.#wire.socket.localAddress, tls: this.#line.tlsFacts }, outcomes);
    } else log.counted(outcomes, inHand.message.envelope.receivedAtMs);
    const finished = inHand.finished(this.#context, this.#line.tlsFacts);
    const results = inHand.results(outcomes, this.#grant, this.#session.extensions.dsn, finished);
    this.#report(inHand.work.queueId, results, reusable && !this.#closing);
    this.#reportUnreadable();
  }

  #report(queueId: string, results: readonly AttemptResult[], reusable: boolean): void {
    this.#context.reports.done(this.#grant.connection, results, reusable, queueId);
    if (!reusable) this.#closing = true;
  }

  /** The socket is closed or must be closed; the transactions on the way get their results. */
  #lost(reason: string, isLocal = false, code = ''): void {
    if (this.#ended || this.#triesAgain(reason, code)) return;
    if (this.#transactions > 0 && this.#session.isUntouched) {
      // The peer closed an idle connection just when it was used again. This is no failed attempt (RFC 5321 4.5.4.1 leaves
      // it to the client when to try again), so the transactions are given back as if they had not begun.
      this.#end({ kind: 'unused' });
      return;
    }
    if (this.#wire.isConnected) {
      this.#session.disconnected(reason);
      this.#pump();
    }
    this.#finish(lostRefusal(this.#grant, reason, isLocal));
  }

  #triesAgain(reason: string, code: string): boolean {
    return !this.#abandoned && !this.#closing && this.#line.triesAgain(reason, code);
  }

  /** @param refusal - the reason, for a connection that never became ready */
  #finish(refusal?: Refusal): void {
    if (this.#ended) return;
    if (this.#usable) {
      this.#end({ kind: this.#work.isEmpty ? 'closed' : 'unused' });
      return;
    }
    const { failures } = this.#line;
    this.#context.log.tls(failures.tls);
    this.#end({ kind: 'failed', refusal: refusal ?? lostRefusal(this.#grant, 'closed', false), ...failures });
  }

  #end(report: CloseReport): void {
    const { fault } = this.#session;
    const { log, proofs, reports } = this.#context;
    this.#ended = true;
    this.#wire.end(this.#context);
    proofs.ended(this.#grant.hop.key, this.#session.places.proofs, fault !== undefined);
    const isBroken = fault !== undefined && !this.#abandoned;
    // The failure may have been caused by pipelining: the next connections go without that kind of it.
    if (isBroken) log.distrusted(this.#grant, fault);
    reports.closed(this.#grant.connection, isBroken ? { ...report, fault } : report);
    this.#onEnded();
  }
}
