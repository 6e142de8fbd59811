// One outgoing SMTP connection: the socket and timer around a sans-I/O client session (RFC 5321).
// Reports exactly one result per recipient of every transaction it began, or says that the transaction was never taken up.

import { connect, type Socket } from 'node:net';
import type { Deadline, Deadlines } from '../io/deadlines.ts';
import {
  type ClientPhase,
  ClientSession,
  type RecipientOutcome,
  type RemoteReply,
} from '../protocol/smtp/client/client-session.ts';
import { DotStuffer } from '../protocol/smtp/client/dot-stuffer.ts';
import type { SpoolReader, StoredMessage } from '../spool/types.ts';
import { readFailure, type ReadFailure } from './read-failure.ts';
import type { DeliveryLog } from './delivery-log.ts';
import { connectionError } from './connection-error.ts';
import { drainedOrClosed } from './drained-or-closed.ts';
import { failedResult } from './failed-result.ts';
import { leaveLast } from './leave-last.ts';
import { type MessageInHand, messageInHand } from './message-in-hand.ts';
import { headerNeedsUtf8 } from './needs-utf8.ts';
import { phaseTimeoutMs } from './phase-timeout.ts';
import type { PipeliningMemory } from './pipelining-memory.ts';
import { socketFailure } from './socket-failure.ts';
import type {
  AttemptResult,
  ConnectedPlace,
  ConnectGrant,
  DeliveryReports,
  DeliverySettings,
  Work,
} from './types.ts';

/** Content up to this size is copied into one buffer with its final dot: one small copy is cheaper than a writev. */
const oneWriteBytes = 16 * 1024;

/** All connections of a process read into one buffer: the session copies the little that it keeps. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

/** What a connection needs from its process. */
export interface ConnectionContext {
  readonly settings: DeliverySettings;
  readonly spool: SpoolReader;
  readonly deadlines: Deadlines;
  readonly reports: DeliveryReports;
  readonly log: DeliveryLog;
  /** Which servers can be sent commands together. */
  readonly pipelining: PipeliningMemory;
}

export class OutgoingConnection implements Deadline {
  atMs = Infinity;
  bucket = -1;

  readonly #context: ConnectionContext;
  readonly #grant: ConnectedPlace;
  readonly #session: ClientSession;
  readonly #socket: Socket;
  /** On the clock of the deadlines, as `#begunAtMs`. */
  readonly #startedAtMs: number;
  readonly #onEnded: () => void;
  #connected = false;
  /** Greeting and EHLO went through. */
  #usable = false;
  #canBegin = false;
  /** The connection could not be tried, and the destination is not to blame. */
  #isLocalFailure = false;
  #ended = false;
  #closing = false;
  #abandoned = false;
  #transactions = 0;
  /** Granted, not begun. */
  #next: Work | undefined;
  /** Begun: its message, and when. */
  #work: Work | undefined;
  #message: MessageInHand | undefined;
  /** The same until its content goes to the socket. */
  #unsent: StoredMessage | undefined;
  /** Why the content of the message in hand could not be read to its end. */
  #readFailure: ReadFailure | undefined;
  /** Its message is being read. */
  #reading: Work | undefined;
  #begunAtMs = 0;
  #repliesSeen = 0;
  /** Where the session was when it last heard something. */
  #phaseHeard: ClientPhase = 'greeting';
  #repliesAtBegin = 0;
  /** What the timer was set for: the phase, and after how many replies. */
  #timedPhase: ClientPhase | undefined;
  #timedReplies = 0;

  constructor(context: ConnectionContext, grant: ConnectGrant, onEnded: () => void) {
    this.#context = context;
    this.#startedAtMs = context.deadlines.nowMs;
    const { work, ...place } = grant;
    this.#grant = place;
    this.#onEnded = onEnded;
    this.#next = work;
    const { source } = place;
    const { heloName, heloNames, ignoredExtensions } = context.settings;
    this.#session = new ClientSession({
      heloName: heloNames.get(source) ?? heloName,
      pipelining: context.pipelining.mayUse(grant.ip, grant.port),
      ignoredExtensions: ignoredExtensions.of(grant.host, grant.ip),
    });
    this.#socket = connect({
      host: grant.ip,
      port: grant.port,
      noDelay: true,
      ...(source === '' ? {} : { localAddress: source }),
      onread: {
        buffer: readBuffer,
        callback: (count, buffer) => {
          this.#received(buffer.subarray(0, count));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => {
      this.#connected = true;
      this.#armTimer();
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      const { reason, local } = socketFailure(error, source);
      this.#isLocalFailure = local && !this.#connected;
      this.#lost(reason);
    });
    this.#socket.on('end', () => this.#lost('the remote server closed the connection'));
    this.#socket.on('close', () => this.#lost('the connection was closed'));
    context.deadlines.set(this, context.settings.timeouts.connectMs);
  }

  /** Another transaction for this connection; it begins as soon as the session is ready, and not at all after QUIT. */
  transact(work: Work): void {
    this.#next = work;
    if (this.#canBegin && !this.#closing) this.#begin();
  }

  /** No more work will come: QUIT in order, after the transaction in hand. */
  quit(): void {
    if (this.#ended || this.#closing) return;
    this.#closing = true;
    if (!this.#usable) {
      this.#end({ kind: 'unused' });
    } else if (this.#work === undefined && this.#canBegin) {
      this.#session.quit();
      this.#pump();
    }
  }

  /** Nobody listens any more: the transaction in hand is finished, and what is not begun never begins. */
  finish(): void {
    if (this.#work === undefined) this.abandon();
    else this.quit();
  }

  /** What is in hand counts as lost in mid-transaction. The socket is closed when this returns. */
  abandon(): void {
    this.#abandoned = true;
    this.#lost('Sluice is stopping');
    this.#socket.destroy();
  }

  /** Granted, and without a report so far. */
  get busy(): boolean {
    return this.#work !== undefined || this.#next !== undefined;
  }

  /** The phase took longer than it may (RFC 5321 4.5.3.2). */
  expired(): void {
    if (!this.#connected) {
      this.#lost(`no connection within ${this.#context.settings.timeouts.connectMs / 1000} s`);
      return;
    }
    if (this.#reading !== undefined) {
      const seconds = this.#context.settings.timeouts.blockMs / 1000;
      this.#unreadable(this.#reading, new Error(`the disk did not answer within ${seconds} s`));
      return;
    }
    this.#session.timedOut();
    this.#pump();
    this.#lost('timed out');
  }

  #received(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#repliesSeen++;
    this.#phaseHeard = this.#session.phase;
    this.#session.receive(bytes);
    this.#pump();
  }

  #pump(): void {
    for (
      let event = this.#session.next();
      event !== undefined && !this.#ended;
      event = this.#session.next()
    ) {
      switch (event.kind) {
        case 'ready':
          this.#ready();
          break;
        case 'content':
          this.#flush();
          // Bytes that came together with the 354 may have ended the session.
          if (this.#session.phase === 'content') this.#sendContent();
          break;
        case 'done':
          this.#done(event.outcomes, event.reusable);
          break;
        case 'failed':
          this.#flush();
          this.#finish(event.error, event.reply);
          break;
        case 'close':
          this.#flush();
          this.#finish();
          break;
      }
    }
    if (this.#ended) return;
    this.#flush();
    this.#armTimer();
  }

  #ready(): void {
    this.#canBegin = true;
    if (!this.#usable) {
      this.#usable = true;
      this.#context.reports.ready(this.#grant.connection);
    }
    if (this.#next !== undefined) this.#begin();
    else if (this.#closing) this.#session.quit();
  }

  #begin(): void {
    const work = this.#next;
    if (work === undefined) return;
    this.#next = undefined;
    this.#work = work;
    this.#canBegin = false;
    this.#begunAtMs = this.#context.deadlines.nowMs;
    this.#repliesAtBegin = this.#repliesSeen;
    if (!work.fresh) {
      this.#readAndStart(work);
      return;
    }
    let message: StoredMessage;
    try {
      message = this.#context.spool.readFresh(work.ref);
    } catch {
      // The slow way finds what the fast one does not: it makes up for a damaged header or envelope.
      this.#readAndStart(work);
      return;
    }
    this.#start(work, message);
  }

  /** A disk that does not answer must not hold a connection, and what it counts for, without end. */
  #readAndStart(work: Work): void {
    this.#reading = work;
    this.#context.deadlines.set(this, this.#context.settings.timeouts.blockMs);
    void this.#context.spool.read(work.ref).then(
      (message) => this.#start(work, message),
      (error: unknown) => this.#unreadable(work, error),
    );
  }

  #start(work: Work, message: StoredMessage): void {
    if (this.#ended || this.#work !== work) return;
    const needsUtf8 = message.envelope.smtpUtf8 && headerNeedsUtf8(message);
    if (typeof needsUtf8 === 'boolean') {
      this.#beginTransaction(work, message, needsUtf8);
      return;
    }
    void needsUtf8.then(
      (needed) => this.#beginTransaction(work, message, needed),
      (error: unknown) => this.#unreadable(work, error),
    );
  }

  #beginTransaction(work: Work, message: StoredMessage, smtpUtf8: boolean): void {
    if (this.#ended || this.#work !== work) return;
    this.#reading = undefined;
    this.#unsent = message;
    this.#message = messageInHand(message, work.recipients);
    const { envelope } = this.#message;
    this.#session.begin({
      reversePath: envelope.reversePath,
      recipients: envelope.recipients,
      sizeBytes: message.sizeBytes,
      body: envelope.body,
      smtpUtf8,
      ret: envelope.ret,
      envelopeId: envelope.envelopeId,
      priority: envelope.priority,
    });
    this.#pump();
  }

  /** The spool could not give the message: its recipients wait, the connection is as good as before. */
  #unreadable(work: Work, error: unknown): void {
    if (this.#ended || this.#work !== work) return;
    this.#reading = undefined;
    this.#context.deadlines.clear(this);
    const failure = readFailure(error);
    this.#context.log.unreadable(work, failure.error);
    this.#work = undefined;
    this.#canBegin = true;
    this.#report(
      work.queueId,
      work.recipients.map((recipient) => ({ recipient, result: 'tempfail', ...failure })),
      !this.#closing,
    );
    if (!this.#closing) return;
    this.#session.quit();
    this.#pump();
  }

  #sendContent(): void {
    const message = this.#unsent;
    this.#unsent = undefined;
    if (message === undefined) return;
    const stuffer = new DotStuffer();
    if (message.content === undefined) {
      void this.#streamContent(message, stuffer);
      return;
    }
    const pieces = stuffer.dotStuff(message.content);
    const end = stuffer.endOfData();
    if (message.content.length <= oneWriteBytes) {
      this.#socket.write(Buffer.concat([...pieces, end]));
    } else {
      this.#socket.cork();
      for (const piece of pieces) this.#socket.write(piece);
      this.#socket.write(end);
      this.#socket.uncork();
    }
    this.#session.contentSent();
  }

  async #streamContent(message: StoredMessage, stuffer: DotStuffer): Promise<void> {
    try {
      for await (const piece of message.stream()) {
        if (this.#ended) return;
        for (const part of stuffer.dotStuff(piece)) {
          if (!this.#socket.write(part)) await drainedOrClosed(this.#socket);
          if (this.#ended) return;
          this.#setTimer();
        }
      }
      if (this.#ended) return;
      this.#socket.write(stuffer.endOfData());
      this.#session.contentSent();
    } catch (error) {
      if (this.#ended) return;
      this.#readFailure = readFailure(error);
      this.#session.contentFailed(error instanceof Error ? error.message : String(error));
    }
    this.#pump();
  }

  #done(outcomes: readonly RecipientOutcome[], reusable: boolean): void {
    const work = this.#work;
    const message = this.#message;
    if (work === undefined || message === undefined) return;
    this.#work = this.#message = this.#unsent = undefined;
    this.#transactions++;
    const damage = this.#readFailure?.isDamaged === true ? this.#readFailure : undefined;
    this.#readFailure = undefined;
    const results: AttemptResult[] = [];
    for (const outcome of outcomes) {
      const recipient = work.recipients[outcome.recipient];
      if (recipient === undefined) continue;
      if (outcome.result === 'delivered') {
        const { notify } = message.envelope.recipients[outcome.recipient] ?? {};
        const unreported = !this.#session.extensions.dsn && notify?.success === true;
        results.push({
          recipient,
          result: 'delivered',
          error: '',
          ...(unreported && { relayedWithoutDsn: true }),
        });
        this.#context.log.delivered(this.#facts(work, message), outcome);
      } else {
        results.push({ ...failedResult(recipient, outcome, message, this.#grant), ...damage });
      }
    }
    this.#report(work.queueId, results, reusable && !this.#closing);
  }

  #facts(work: Work, message: MessageInHand) {
    return {
      work,
      envelope: message.envelope,
      grant: this.#grant,
      sizeBytes: message.sizeBytes,
      source: this.#socket.localAddress ?? '',
      connectMs: this.#transactions === 1 ? Math.round(this.#begunAtMs - this.#startedAtMs) : 0,
      transactionMs: Math.round(this.#context.deadlines.nowMs - this.#begunAtMs),
    };
  }

  #report(queueId: string, results: readonly AttemptResult[], reusable: boolean): void {
    this.#context.reports.done(this.#grant.connection, results, reusable, queueId);
    if (!reusable) this.#closing = true;
  }

  /** The socket is gone or must go; whatever was in hand gets its results. */
  #lost(reason: string): void {
    if (this.#ended) return;
    if (this.#work !== undefined && this.#transactions > 0 && this.#repliesSeen === this.#repliesAtBegin) {
      // The peer closed a kept connection just as we used it again: nobody's failure (RFC 5321 4.5.4.1 leaves
      // it to us when to try again), so the transaction goes back as if it had not begun.
      this.#end({ kind: 'unused' });
      return;
    }
    if (this.#connected) {
      this.#session.disconnected(reason);
      this.#pump();
    }
    this.#finish(reason);
  }

  #finish(reason = 'closed', reply?: RemoteReply): void {
    if (this.#ended) return;
    if (this.#session.leftGroupUnanswered && !this.#abandoned) this.#distrustPipelining();
    if (this.#usable) {
      this.#end({ kind: this.busy ? 'unused' : 'closed' });
      return;
    }
    const error = connectionError(this.#grant, reason, reply);
    this.#end({ kind: 'failed', error, ...(this.#isLocalFailure && { local: true }) });
  }

  /** What went wrong may have been that commands came together: the next attempt will tell. */
  #distrustPipelining(): void {
    const { pipelining, log } = this.#context;
    pipelining.distrust(this.#grant.ip, this.#grant.port);
    log.withoutPipelining(this.#grant);
  }

  #end(report: Parameters<DeliveryReports['closed']>[1]): void {
    this.#ended = true;
    this.#context.deadlines.clear(this);
    const hasUnsent = this.#socket.writableLength > 0;
    const saidGoodbye = this.#phaseHeard === 'quit' && this.#session.phase === 'closed';
    // What is not sent never leaves: a peer that reads no more would keep the socket open for ever, though it counts for
    // no limit any longer, and half a message is better cut off.
    if (saidGoodbye && !hasUnsent) leaveLast(this.#socket, this.#context.deadlines);
    else this.#socket.destroy();
    this.#context.reports.closed(this.#grant.connection, report);
    this.#onEnded();
  }

  #flush(): void {
    const output = this.#session.takeOutput();
    if (output !== undefined && !this.#socket.destroyed) this.#socket.write(output);
  }

  /** Starts the time of a phase, or of the next reply. A part of a reply does not: it would let a peer hold us for ever. */
  #armTimer(): void {
    const { phase, replies } = this.#session;
    if (phase !== this.#timedPhase || replies !== this.#timedReplies) this.#setTimer();
  }

  #setTimer(): void {
    const { phase, replies } = this.#session;
    this.#timedPhase = phase;
    this.#timedReplies = replies;
    // An idle connection is closed by whoever grants, not by a timer here.
    if (phase === 'idle' && this.#reading === undefined) this.#context.deadlines.clear(this);
    else if (phase !== 'idle')
      this.#context.deadlines.set(this, phaseTimeoutMs(phase, this.#context.settings.timeouts));
  }
}
