// One incoming SMTP connection: connects the socket and the timer to a server session without I/O (RFC 5321), and to what follows
// from its events. While a stage is waited for, input is on hold and no timeout runs. While messages wait for stable storage, no
// timeout runs, and input is on hold when the session cannot go on. While a TLS handshake is under way, it is on hold for a limited time.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Reply, ServerEvent, XclientFacts } from '../protocol/smtp/server/server-types.ts';
import { InputQueue } from '../protocol/smtp/server/input-queue.ts';
import type { ServerSession } from '../protocol/smtp/server/server-session.ts';
import { ClientSocket, fewBytes } from './client-socket.ts';
import { ClientTimer } from './client-timer.ts';
import { CommitAnswers } from './commit-answers.ts';
import { clientFacts, type ConnectionOrigin, leniencyOf } from './connection-origin.ts';
import { tlsLoginsOf } from './connection-bindings.ts';
import { Handshake, tlsFactsOf } from './handshake.ts';
import { leaveSession, openSession, timeoutWords } from './open-session.ts';
import type { ReceiveContext } from './receive-context.ts';
import { ReceivedSession } from './received-session.ts';
import { RunningHandshake } from './running-handshake.ts';
import { SessionSteps } from './session-steps.ts';
import type { Waiting } from './session-waiting.ts';
import { factsOfTold, type ToldClient, toldByXclient } from './told-clients.ts';

const timedOut = 'Timed out, closing the connection';
export class IncomingConnection implements Waiting {
  readonly #origin: ConnectionOrigin;
  #context: ReceiveContext;
  readonly #socket: ClientSocket;
  readonly #input = new InputQueue();
  readonly #session: ServerSession;
  #client: string;
  /** By XCLIENT. */
  #told: ToldClient | undefined;
  #release: (() => void) | undefined;
  readonly #steps: SessionSteps;
  readonly #timer: ClientTimer;
  readonly #onClosed: () => void;
  readonly #tellTimeout: () => void;
  /** Our last reply is written. The client gets a short time to close its side. */
  #ending = false;
  #closed = false;
  /** How many things are waited for. */
  #holds = 0;
  /** One of them is stable storage, without which the session cannot go on. */
  #isStalled = false;
  #answers: CommitAnswers | undefined;
  /** The connection was turned away before its session began. */
  #refused = false;
  /** The TLS handshake that is under way. */
  #handshake: RunningHandshake | undefined;

  constructor(context: ReceiveContext, socket: Socket, origin: ConnectionOrigin, onClosed: () => void) {
    const { client, frontEnd, listener, connections } = origin;
    this.#origin = origin;
    this.#context = context;
    this.#client = client;
    this.#onClosed = onClosed;
    const known = clientFacts(context.relay, client, frontEnd, connections);
    this.#timer = new ClientTimer(context.deadlines, context.settings, () => this.#expired());
    const { session, hostname } = context.settings;
    this.#session = openSession(context, client, leniencyOf(known, origin, hostname), this.#input, this);
    const facts = new ReceivedSession(listener, known, socket, this.#session, session.maxMessageBytes);
    this.#tellTimeout = () => facts.notices?.timedOut(facts);
    this.#steps = new SessionSteps(context, this.#session, facts, origin.completesMail, this);
    this.#socket = new ClientSocket(socket, {
      received: (chunk) => this.#received(chunk),
      takeBack: () => this.#input.takeLast(fewBytes),
      halfClosed: () => this.#halfClosed(facts),
      gone: (problem) => this.#gone(problem),
    });
  }

  start(): void {
    if (this.#context.tls?.isImplicit === true) return this.#secureFirst();
    this.#steps.connected();
    this.#pump();
  }

  /** Answers with the reason why there is no service, and closes. */
  refuse(reply: Reply): void {
    this.#refused = true;
    this.#context.log.rejected(this.#client, 'CONNECT', reply, '', '');
    // A reply would need a handshake, which costs more than the session that there is no room for.
    if (this.#context.tls?.isImplicit === true) {
      this.#socket.destroy();
      return;
    }
    // RFC 5321 4.2.2: a 421 begins with our domain.
    this.#session.refuse({ ...reply, text: `${this.#context.settings.hostname} ${String(reply.text)}` });
    this.#pump();
  }

  /**
   * Ends the session with 421 (RFC 5321 3.8). A message that is being received is finished first.
   * @param why - the text of the reply; of two calls, the first counts
   */
  shutdown(why: string): void {
    if (this.#closed) return;
    if (this.#handshake !== undefined) return this.destroy();
    this.#session.shutdown(`${why}, try again later`);
    if (!this.#socket.isHeld) this.#pump();
  }

  destroy(): void {
    this.#handshake?.giveUp();
    this.#socket.destroy();
  }

  #expired(): void {
    if (this.#closed) return;
    if (this.#handshake !== undefined) this.#handshake.expired();
    else if (this.#ending) this.#socket.destroy();
    else {
      this.#tellTimeout();
      this.#socket.endWith(timeoutWords(this.#session, this.#context.settings.hostname, timedOut));
      // Without this time, a client that reads nothing would keep its connection and our output for ever.
      this.#ending = true;
      this.#timer.linger();
    }
  }

  #received(chunk: Buffer): void {
    if (this.#session.phase === 'content') this.#timer.countContent(chunk.length);
    this.#session.receive(chunk);
    if (!this.#socket.isHeld) this.#pump();
  }

  #halfClosed(facts: ReceivedSession): void {
    facts.input.end();
    if (this.#handshake !== undefined) this.#handshake.clientClosed();
    else this.#pump();
  }

  #pump(): void {
    let progress = false;
    while (!this.#socket.isHeld && !this.#closed) {
      const event = this.#session.next();
      if (event === undefined) break;
      if (event.kind !== 'content') progress = true;
      this.#event(event);
    }
    if (this.#flush()) progress = true;
    if (this.#closed) return;
    if (this.#ending) this.#timer.linger();
    else if (!this.#socket.isHeld) this.#awaitClient(progress);
  }

  /** @param progress - see `ClientTimer.run` */
  #awaitClient(progress: boolean): void {
    if (this.#session.unanswered === 0) {
      if (this.#socket.isHalfClosed) this.#socket.end();
      this.#timer.run(this.#session.phase, progress);
      return;
    }
    this.#timer.stop();
    // A client that always has a message under way would be served for ever.
    if (this.#timer.isSessionOver) this.#session.shutdown(timedOut, '4.4.2');
    if (!this.#session.isWaiting) return;
    this.#isStalled = true;
    this.hold();
  }

  #event(event: ServerEvent): void {
    switch (event.kind) {
      case 'quit':
        this.#quit();
        break;
      case 'close':
        this.#logLastReply();
        // The client may still be sending: closing now would reset the connection, and the client would lose our reply.
        this.#flush();
        this.#socket.end();
        this.#ending = true;
        break;
      case 'starttls':
        this.#startTls();
        break;
      case 'xclient':
        this.#becomes(event.facts);
        break;
      default:
        this.#steps.take(event);
    }
  }

  /** XCLIENT: the session begins again, with the client that the front end tells. */
  #becomes(facts: XclientFacts): void {
    const told = toldByXclient(this.#origin, this.#told, facts);
    this.#release?.();
    this.#release = undefined;
    const admission = this.#origin.admit(told.frontEnd.knowsClient ? told.address : '');
    this.#told = told;
    this.#client = told.address;
    const client = factsOfTold(this.#context.relay, told, admission.connections, this.#origin);
    if (admission.kind === 'refused') {
      this.#steps.refuseXclient(client, admission.reply);
      return;
    }
    this.#release = () => admission.release();
    this.#context = admission.context;
    const { session, hostname } = admission.context.settings;
    this.#steps.restart(client, admission.context, () =>
      this.#session.restart(session, leniencyOf(client, this.#origin, hostname, told.rights)),
    );
  }

  #startTls(): void {
    const begun = Handshake.begin(this.#context.tls, this.#client);
    if ('code' in begun) {
      this.#steps.refuseStartTls(begun);
      return;
    }
    this.#session.accept();
    this.#flush();
    this.#secure(begun, () => undefined);
  }

  /** Implicit TLS: the handshake comes before the greeting (RFC 8314 3.3). */
  #secureFirst(): void {
    const begun = Handshake.begin(this.#context.tls, this.#client);
    if ('code' in begun) this.refuse(begun);
    else this.#secure(begun, () => this.#steps.connected());
  }

  #secure(handshake: Handshake, then: () => void): void {
    this.hold();
    const parts = { handshake, socket: this.#socket, timer: this.#timer, log: this.#context.log };
    this.#handshake = new RunningHandshake({ ...parts, client: this.#client });
    this.#handshake.begin((socket) => this.#secured(socket, then));
  }

  #secured(socket: TLSSocket, then: () => void): void {
    this.#handshake = undefined;
    const logins = tlsLoginsOf(socket, this.#context, this.#origin.rights);
    this.#session.secured(!logins.bindings.isEmpty, logins.certificateNames.length > 0);
    // The certificate of a front end is not that of the clients for which it speaks.
    const mayRelay = !this.#origin.rights.xclient && this.#context.tls?.relay.mayRelay(socket) === true;
    this.#steps.secured(tlsFactsOf(socket, mayRelay), mayRelay, logins, then);
    this.resume();
  }

  /** Logs the reply with which the session ended by itself. A connection that was refused is logged already. */
  #logLastReply(): void {
    const { lastReply } = this.#session;
    if (lastReply !== undefined && !this.#refused)
      this.#context.log.rejected(this.#client, 'SESSION', lastReply, '', '');
  }

  /** Closes the connection as soon as our 221 is written: the client waits for nothing else. */
  #quit(): void {
    this.#ending = true;
    this.#socket.closeAfter(this.#session.takeOutput());
  }

  hold(): void {
    this.#holds++;
    this.#socket.hold();
    this.#timer.stop();
  }

  resume(): void {
    if (--this.#holds > 0) return;
    this.#socket.release();
    if (this.#closed) return;
    this.#pump();
    this.#socket.readOn();
  }

  answered(): void {
    (this.#answers ??= new CommitAnswers(() => this.#sendAnswers())).answered(this.#session.unanswered);
  }

  #sendAnswers(): void {
    if (this.#closed) return;
    if (this.#isStalled && !this.#session.isWaiting) {
      this.#isStalled = false;
      this.resume();
    } else if (this.#socket.isHeld) this.#flush();
    else this.#pump();
  }

  /** @returns whether there was output that could be written */
  #flush(): boolean {
    const output = this.#session.takeOutput();
    return output !== undefined && this.#socket.write(output);
  }

  #gone(problem: string): void {
    if (this.#closed) return;
    this.#closed = true;
    if (problem === '') this.#handshake?.clientClosed();
    else this.#handshake?.fail(problem);
    this.#timer.stop();
    this.#steps.gone();
    leaveSession(this.#session);
    this.#release?.();
    this.#onClosed();
  }
}
