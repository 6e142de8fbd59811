// One outgoing connection of QMQP or QMTP: one message at a time, each with one result for every recipient. Promises: nothing counts as
// taken without the server's whole answer to the whole message; an answer that is lost, cut off or none at all is a temporary failure.

import type { Deadline } from '../../io/deadlines.ts';
import { PackageClientSession, type PackageDialect } from '../../protocol/netstring/client-session.ts';
import type { Refusal } from '../../message/refusal.ts';
import type { SocketHop } from '../../route/types.ts';
import type { StoredMessage } from '../../spool/types.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { failureRefusal, lostRefusal } from '../failure-refusal.ts';
import { readFailure } from '../read-failure.ts';
import { GrantedWork, type NextMessage } from '../smtp/granted-work.ts';
import type { TransactionInHand } from '../transaction-in-hand.ts';
import type { TransportConnection } from '../transport.ts';
import type { CloseReport, ConnectedPlace, ConnectGrant, Work } from '../types.ts';
import { MessageOnTheWay } from './message-on-the-way.ts';
import { contentInMemory, contentSize, writeContent } from './package-content.ts';
import { PackageLine } from './package-line.ts';

export class PackageConnection implements TransportConnection {
  readonly #context: ConnectionContext;
  readonly #place: ConnectedPlace;
  readonly #hop: SocketHop;
  readonly #dialect: PackageDialect;
  readonly #session: PackageClientSession;
  readonly #line: PackageLine;
  readonly #work: GrantedWork;
  readonly #deadline: Deadline = { atMs: Infinity, bucket: -1, expired: () => this.#expired() };
  readonly #onEnded: () => void;
  #current: MessageOnTheWay | undefined;
  #isUsable = false;
  #isClosing = false;
  #isAbandoned = false;
  #hasEnded = false;
  /** Messages that were answered. */
  #answered = 0;

  constructor(
    context: ConnectionContext,
    { work, ...place }: ConnectGrant,
    hop: SocketHop,
    dialect: PackageDialect,
    onEnded: () => void,
  ) {
    this.#context = context;
    this.#place = place;
    this.#hop = hop;
    this.#dialect = dialect;
    this.#session = new PackageClientSession(dialect);
    this.#onEnded = onEnded;
    this.#work = new GrantedWork(context, work, hop, {
      opened: () => this.#begin(),
      unreadable: (error) => this.#unreadable(error),
    });
    this.#line = new PackageLine(context, hop, place.source, {
      handshake: () => this.#wait(context.settings.timeouts.handshakeMs),
      ready: () => this.#ready(),
      received: (bytes) => this.#received(bytes),
      unfit: (reason) => this.#unfit(reason),
      lost: (reason, isLocal) => this.#lost(reason, isLocal),
    });
    this.#wait(context.settings.timeouts.connectMs);
  }

  transact(work: Work): void {
    this.#work.add(work);
    if (this.#isUsable) queueMicrotask(() => this.#begin());
  }

  quit(): void {
    if (this.#hasEnded || this.#isClosing) return;
    this.#isClosing = true;
    if (this.#isUsable) this.#begin();
    else this.#end({ kind: 'unused' });
  }

  finish(): void {
    if (this.#work.isAnyBegun) this.quit();
    else this.abandon();
  }

  abandon(): void {
    this.#isAbandoned = true;
    this.#lost('Sluice is stopping');
  }

  #ready(): void {
    if (this.#hasEnded || this.#isUsable) return;
    this.#isUsable = true;
    this.#context.deadlines.clear(this.#deadline);
    const { tlsOutcome } = this.#line;
    this.#context.log.tls(tlsOutcome);
    this.#context.reports.ready(this.#place.connection, tlsOutcome);
    this.#begin();
  }

  /** Begins the next message if it is there and none is on the way, or ends the connection. */
  #begin(): void {
    if (!this.#isUsable || this.#hasEnded || this.#current !== undefined) return;
    if (this.#isClosing && !this.#work.isAnyOpening) {
      this.#end({ kind: this.#work.isEmpty ? 'closed' : 'unused' });
      return;
    }
    const { deadlines, settings } = this.#context;
    const timer = {
      startReading: () => this.#wait(settings.timeouts.blockMs),
      endReading: () => deadlines.clear(this.#deadline),
    };
    // What was granted before the end, and is not even being read, goes back.
    const next = this.#isClosing ? this.#work.takeOpened() : this.#work.takeNext(timer);
    if (next !== undefined) this.#take(next);
  }

  #take({ inHand, message, needsUtf8, sentAs }: NextMessage): void {
    const transaction = inHand.take(message, needsUtf8, this.#hop, undefined, sentAs);
    const current = new MessageOnTheWay(inHand, transaction);
    this.#current = current;
    if (inHand.work.isLast === true) this.#isClosing = true;
    if (current.recipients === 0) return this.#done([]);
    const content = contentInMemory(message, this.#dialect.lineEnds);
    if (content === undefined) void this.#stream(current, message);
    else {
      inHand.takeUnsent();
      const head = this.#session.begin(current.packageOf(content.length));
      current.state = 'complete';
      this.#line.socket.writeTogether([head, content, this.#session.end()]);
      this.#wait(this.#context.settings.timeouts.finalMs);
    }
  }

  /** Measures and sends content that is not in memory. Never rejects. */
  async #stream(current: MessageOnTheWay, message: StoredMessage): Promise<void> {
    const { blockMs, finalMs } = this.#context.settings.timeouts;
    const isOn = (): boolean => this.#current === current && !this.#hasEnded;
    const onPiece = (): boolean => {
      if (!isOn()) return false;
      this.#wait(blockMs);
      return true;
    };
    current.inHand.takeUnsent();
    this.#wait(blockMs);
    const { lineEnds } = this.#dialect;
    const { socket } = this.#line;
    try {
      const sizeBytes = await contentSize(message, lineEnds, onPiece);
      if (!isOn()) return;
      current.state = 'sending';
      if (!socket.write(this.#session.begin(current.packageOf(sizeBytes)))) await socket.drained();
      const isWritten = isOn() && (await writeContent(socket, message, lineEnds, sizeBytes, onPiece));
      if (!isWritten || !isOn()) return;
      current.state = 'complete';
      socket.write(this.#session.end());
      this.#wait(finalMs);
    } catch (error) {
      if (isOn()) this.#contentFailed(current, error);
    }
  }

  /** Its content cannot be read to its end. What was begun can never become whole, so the connection ends. */
  #contentFailed(current: MessageOnTheWay, error: unknown): void {
    const failure = readFailure(error);
    this.#context.log.unreadable(current.inHand.work, failure);
    this.#work.shiftOldest();
    this.#current = undefined;
    if (current.state !== 'measured') this.#isClosing = true;
    this.#context.deadlines.clear(this.#deadline);
    this.#report(current.inHand, current.inHand.unreadable(failure));
  }

  #received(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    this.#session.receive(bytes);
    if (this.#session.isBroken && this.#current?.state === 'measured')
      return this.#lost('the server spoke before it was asked');
    const verdicts = this.#session.takeVerdicts();
    if (verdicts !== undefined) this.#done(verdicts);
    else if (this.#session.isBroken) this.#lost('the server has answered what was not asked');
  }

  /** @param verdicts - on the recipients that were sent */
  #done(verdicts: Parameters<MessageOnTheWay['outcomes']>[0]): void {
    const current = this.#current;
    const inHand = this.#work.shiftOldest();
    if (current === undefined || inHand?.message === undefined) return;
    this.#current = undefined;
    if (current.recipients > 0) this.#answered++;
    const { deadlines, log } = this.#context;
    deadlines.clear(this.#deadline);
    const outcomes = current.outcomes(verdicts);
    const { tlsFacts: tls, socket } = this.#line;
    if (log.isOn) {
      const facts = { ...inHand.facts(deadlines.nowMs), ...inHand.message, grant: this.#place };
      log.delivered({ ...facts, source: socket.localAddress, tls }, outcomes);
    } else log.counted(outcomes, inHand.message.envelope.receivedAtMs);
    if (!this.#session.isReusable) this.#isClosing = true;
    this.#report(inHand, inHand.results(outcomes, this.#place, false, inHand.finished(this.#context, tls)));
  }

  #report({ work }: TransactionInHand, results: Parameters<ConnectionContext['reports']['done']>[1]): void {
    this.#context.reports.done(this.#place.connection, results, !this.#isClosing, work.queueId);
    this.#begin();
  }

  /** A message could not be read from the spool: its recipients wait, and the connection can be used again. */
  #unreadable(error: unknown): void {
    if (this.#hasEnded) return;
    const refusal = readFailure(error);
    const work = this.#failReading(refusal);
    if (work !== undefined) this.#context.log.unreadable(work, refusal);
  }

  /** Ends the reading of a message. @returns its work */
  #failReading(refusal: Refusal): Work | undefined {
    const work = this.#work.failReading(refusal);
    const inHand = this.#work.shiftUnreadable()?.inHand;
    this.#context.deadlines.clear(this.#deadline);
    if (inHand !== undefined) this.#report(inHand, inHand.unreadable(refusal));
    return work;
  }

  #expired(): void {
    const { blockMs, connectMs } = this.#context.settings.timeouts;
    const current = this.#current;
    const slowDisk = new Error(`the disk did not answer within ${blockMs / 1000} s`);
    if (this.#line.isConnecting) this.#lost(`no connection within ${connectMs / 1000} s`);
    else if (this.#work.isReading) this.#unreadable(slowDisk);
    else if (current?.state === 'measured') this.#contentFailed(current, slowDisk);
    else this.#lost('timed out');
  }

  #unfit(reason: string): void {
    if (this.#hasEnded) return;
    // RFC 3463 3.8, X.7.5: cryptographic failure.
    const failure = { kind: 'broken', during: 'connect', text: reason, enhanced: '4.7.5' } as const;
    this.#fail(failureRefusal(failure, this.#place, false));
  }

  #fail(refusal: Refusal): void {
    const { tlsOutcome } = this.#line;
    this.#context.log.tls(tlsOutcome);
    const tls = tlsOutcome?.kind === 'failed' ? { tls: tlsOutcome } : {};
    this.#end({ kind: 'failed', refusal, ...tls });
  }

  /** The socket is closed or must be closed. */
  #lost(reason: string, isLocal = false): void {
    if (this.#hasEnded) return;
    if (!this.#isUsable) return this.#fail(lostRefusal(this.#place, reason, isLocal));
    const current = this.#current;
    this.#isClosing = true;
    // A server that lets nobody begin would be connected to without end, if that counted as no attempt.
    if (this.#work.isReading && this.#answered === 0 && !this.#isAbandoned)
      return void this.#failReading(lostRefusal(this.#place, reason, isLocal));
    if (current === undefined || this.#isGivenBack(current)) {
      this.#end({ kind: this.#work.isEmpty ? 'closed' : 'unused' });
      return;
    }
    this.#session.lost(reason);
    this.#done(this.#session.takeVerdicts() ?? reason);
    // A message that was being read meanwhile goes back.
    if (!this.#hasEnded) this.#end({ kind: this.#work.isEmpty ? 'closed' : 'unused' });
  }

  /** The server cannot have the message: it ended an idle connection as that was used again, or this process stops. */
  #isGivenBack({ state }: MessageOnTheWay): boolean {
    if (this.#isAbandoned) return state === 'measured';
    if (this.#answered === 0 || state === 'complete') return false;
    return state === 'measured' || this.#session.isUntouched;
  }

  #wait(ms: number): void {
    this.#context.deadlines.set(this.#deadline, ms);
  }

  #end(report: CloseReport): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#context.deadlines.clear(this.#deadline);
    this.#line.socket.destroy();
    this.#context.reports.closed(this.#place.connection, report);
    this.#onEnded();
  }
}
