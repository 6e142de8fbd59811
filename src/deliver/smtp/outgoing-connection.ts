// One outgoing connection of SMTP or LMTP: a sans-I/O client session with its socket and timer, and the transactions that it carries. It reports exactly one result for each recipient of a transaction, or reports the transaction as `unused`.

import type { ClientSession } from '../../protocol/smtp/client/client-session.ts';
import type { ClientDialect } from '../../protocol/smtp/client/dialect.ts';
import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';
import type { SocketHop } from '../../route/types.ts';
import type { Refusal } from '../../message/refusal.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { failureRefusal, lostRefusal } from '../failure-refusal.ts';
import { type OpenedMessage, openMessage } from '../open-message.ts';
import { readFailure } from '../read-failure.ts';
import { sendContent } from './send-content.ts';
import { TransactionInHand } from '../transaction-in-hand.ts';
import type { TransportConnection } from '../transport.ts';
import type { AttemptResult, CloseReport, ConnectedPlace, ConnectGrant, Work } from '../types.ts';
import { ServerLine } from './server-line.ts';
import type { Wire } from './wire.ts';

export class OutgoingConnection implements TransportConnection {
  readonly #context: ConnectionContext;
  readonly #grant: ConnectedPlace;
  readonly #line: ServerLine;
  /** Ms on the clock of the deadlines. */
  readonly #startedAtMs: number;
  readonly #onEnded: () => void;
  /** Greeting and EHLO went through. */
  #usable = false;
  #canBegin = false;
  #ended = false;
  #closing = false;
  #abandoned = false;
  /** Transactions that are over. */
  #transactions = 0;
  /** The transaction that was granted and has not begun. */
  #next: Work | undefined;
  #inHand: TransactionInHand | undefined;
  /** The server has said something since the transaction in hand began. */
  #heard = false;

  constructor(
    context: ConnectionContext,
    grant: ConnectGrant,
    hop: SocketHop,
    dialect: ClientDialect,
    onEnded: () => void,
  ) {
    this.#context = context;
    this.#startedAtMs = context.deadlines.nowMs;
    const { work, ...place } = grant;
    this.#grant = place;
    this.#onEnded = onEnded;
    this.#next = work;
    this.#line = new ServerLine(context, hop, place.source, dialect, {
      connected: () => this.#pump(),
      received: () => {
        if (this.#ended) return;
        this.#heard = true;
        this.#pump();
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
    this.#next = work;
    if (this.#canBegin && !this.#closing) this.#begin();
  }

  quit(): void {
    if (this.#ended || this.#closing) return;
    this.#closing = true;
    if (!this.#usable) {
      this.#end({ kind: 'unused' });
    } else if (this.#inHand === undefined && this.#canBegin) {
      this.#session.quit();
      this.#pump();
    }
  }

  finish(): void {
    if (this.#inHand === undefined) this.abandon();
    else this.quit();
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
    } else if (this.#inHand !== undefined && this.#inHand.message === undefined) {
      this.#unreadable(this.#inHand, new Error(`the disk did not answer within ${blockMs / 1000} s`));
    } else if (!this.#triesAgain('timed out', '')) {
      this.#session.timedOut();
      this.#pump();
      this.#lost('timed out');
    }
  }

  #pump(): void {
    for (let event = this.#session.next(); event !== undefined; event = this.#session.next()) {
      if (this.#ended) return;
      switch (event.kind) {
        case 'handshake':
          this.#line.handshake(() => this.#pump());
          break;
        case 'ready':
          this.#ready();
          break;
        case 'content':
          this.#wire.flush();
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
    }
    if (this.#ended) return;
    this.#wire.flush();
    this.#wire.timer.run();
  }

  #ready(): void {
    this.#canBegin = true;
    if (!this.#usable) {
      const lack = this.#line.lack();
      if (lack !== undefined) return this.#finish(lostRefusal(this.#grant, lack, false));
      this.#usable = true;
      const { tlsOutcome } = this.#line;
      this.#context.log.tls(tlsOutcome);
      this.#context.reports.ready(this.#grant.connection, tlsOutcome);
    }
    if (this.#next !== undefined) this.#begin();
    else if (this.#closing) this.#session.quit();
  }

  #begin(): void {
    const work = this.#next;
    if (work === undefined) return;
    this.#next = undefined;
    this.#canBegin = false;
    this.#heard = false;
    const { nowMs } = this.#context.deadlines;
    const connectMs = this.#transactions === 0 ? Math.round(nowMs - this.#startedAtMs) : 0;
    const inHand = new TransactionInHand(work, nowMs, connectMs);
    this.#inHand = inHand;
    const opened = openMessage(this.#context.spool, work);
    if (!(opened instanceof Promise)) {
      this.#beginTransaction(inHand, opened);
      return;
    }
    this.#wire.timer.startReading();
    void opened.then(
      (message) => this.#beginTransaction(inHand, message),
      (error: unknown) => this.#unreadable(inHand, error),
    );
  }

  #beginTransaction(inHand: TransactionInHand, { message, needsUtf8 }: OpenedMessage): void {
    if (this.#ended || this.#inHand !== inHand) return;
    this.#wire.timer.endReading();
    this.#session.begin(inHand.take(message, needsUtf8, this.#grant.hop));
    this.#pump();
  }

  /** The message could not be read from the spool: its recipients wait, and the connection can be used again. */
  #unreadable(inHand: TransactionInHand, error: unknown): void {
    if (this.#ended || this.#inHand !== inHand) return;
    this.#wire.timer.stop();
    const refusal = readFailure(error);
    this.#context.log.unreadable(inHand.work, refusal);
    this.#inHand = undefined;
    this.#canBegin = true;
    this.#report(inHand.work.queueId, inHand.unreadable(refusal), !this.#closing);
    if (!this.#closing) return;
    this.#session.quit();
    this.#pump();
  }

  #sendContent(): void {
    const inHand = this.#inHand;
    const message = inHand?.takeUnsent();
    if (inHand === undefined || message === undefined) return;
    const written = sendContent(this.#wire.socket, message, () => this.#wire.timer.restart());
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
    const inHand = this.#inHand;
    if (inHand?.message === undefined) return;
    this.#inHand = undefined;
    this.#transactions++;
    const { log, deadlines } = this.#context;
    if (log.isOn) {
      const facts = { ...inHand.facts(deadlines.nowMs), ...inHand.message, grant: this.#grant };
      log.delivered({ ...facts, source: this.#wire.socket.localAddress, tls: this.#line.tlsFacts }, outcomes);
    } else log.counted(outcomes);
    const results = inHand.results(outcomes, this.#grant, this.#session.extensions.dsn);
    this.#report(inHand.work.queueId, results, reusable && !this.#closing);
  }

  #report(queueId: string, results: readonly AttemptResult[], reusable: boolean): void {
    this.#context.reports.done(this.#grant.connection, results, reusable, queueId);
    if (!reusable) this.#closing = true;
  }

  /** The socket is closed or must be closed; the transaction in hand gets its results. */
  #lost(reason: string, isLocal = false, code = ''): void {
    if (this.#ended || this.#triesAgain(reason, code)) return;
    if (this.#inHand !== undefined && this.#transactions > 0 && !this.#heard) {
      // The peer closed an idle connection just when it was used again. This is no failed attempt (RFC 5321 4.5.4.1 leaves
      // it to the client when to try again), so the transaction is given back as if it had not begun.
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
    if (this.#session.leftGroupUnanswered && !this.#abandoned) this.#distrustPipelining();
    if (this.#usable) {
      this.#end({ kind: (this.#inHand ?? this.#next) === undefined ? 'closed' : 'unused' });
      return;
    }
    const outcome = this.#line.tlsOutcome;
    if (outcome?.kind === 'failed') this.#context.log.tls(outcome);
    this.#end({
      kind: 'failed',
      refusal: refusal ?? lostRefusal(this.#grant, 'closed', false),
      ...(outcome?.kind === 'failed' && { tls: outcome }),
    });
  }

  /** The failure may have been caused by PIPELINING: the next attempt goes without it. */
  #distrustPipelining(): void {
    const { pipelining, log } = this.#context;
    pipelining.distrust(this.#grant.hop.key);
    log.withoutPipelining(this.#grant);
  }

  #end(report: CloseReport): void {
    this.#ended = true;
    this.#wire.end(this.#context);
    this.#context.reports.closed(this.#grant.connection, report);
    this.#onEnded();
  }
}
