// One POP3 connection: connects the socket and the timer to a session without I/O, and does what follows from its events. An answer is made
// no faster than the client takes it; while something is waited for on this side, input is on hold and no time runs.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { LoggedIn } from '../sasl/exchange.ts';
import { Pop3Session } from '../protocol/pop3/server-session.ts';
import type { Pop3Event } from '../protocol/pop3/server-types.ts';
import { ClientSocket, fewBytes } from '../receive/client-socket.ts';
import { Handshake } from '../receive/handshake.ts';
import { RunningHandshake } from '../receive/running-handshake.ts';
import { factsInClear, factsUnderTls } from './login-facts.ts';
import { MailboxVisit } from './mailbox-visit.ts';
import type { Pop3Context } from './pop3-context.ts';
import { type LoginFacts, Pop3Login } from './pop3-login.ts';
import { Pop3Timer } from './pop3-timer.ts';

export class Pop3Connection {
  readonly #context: Pop3Context;
  readonly #client: string;
  readonly #socket: ClientSocket;
  readonly #session: Pop3Session;
  readonly #timer: Pop3Timer;
  readonly #login: Pop3Login;
  readonly #onClosed: () => void;
  #facts: LoginFacts;
  #handshake: RunningHandshake | undefined;
  /** What the user does with the mailbox. Undefined before the log-in. */
  #visit: MailboxVisit | undefined;
  #whenDrained: (() => void) | undefined;
  #isEnding = false;
  #isClosed = false;
  #reason = 'the connection was closed';

  /** @param client - IP address, for limits and the log */
  constructor(context: Pop3Context, socket: Socket, client: string, onClosed: () => void) {
    this.#context = context;
    this.#client = client;
    this.#onClosed = onClosed;
    this.#facts = factsInClear(client);
    this.#session = new Pop3Session(context.settings.session);
    this.#timer = new Pop3Timer(context.deadlines, () => this.#expired());
    this.#socket = new ClientSocket(socket, {
      received: (chunk) => this.#received(chunk),
      takeBack: () => this.#session.takeLast(fewBytes),
      halfClosed: () => this.#halfClosed(),
      drained: () => this.#drained(),
      gone: (problem) => this.#gone(problem),
    });
    this.#login = new Pop3Login(context, {
      challenge: (bytes) => this.#answered(() => this.#session.challenge(bytes)),
      wait: () => this.#hold(),
      refuse: (text, code) => this.#answered(() => this.#session.refuse(text, code)),
      end: (text, code) => this.#answered(() => this.#session.end(text, code)),
      loggedIn: (who) => void this.#open(who),
    });
  }

  start(): void {
    if (this.#context.tls?.isImplicit === true) {
      this.#secure(() => this.#session.greet());
      return;
    }
    this.#session.greet();
    this.#pump();
  }

  /** Says why there is no service, and closes. */
  refuse(text: string): void {
    this.#context.log.rejected(this.#client, 'CONNECT', text);
    // A reply would need a handshake, which costs more than the session that there is no room for.
    if (this.#context.tls?.isImplicit === true) {
      this.#socket.destroy();
      return;
    }
    this.#session.end(text, 'SYS/TEMP');
    this.#pump();
  }

  /** Ends the session without QUIT: nothing is removed. */
  destroy(reason = ''): void {
    if (reason !== '') this.#reason = reason;
    this.#handshake?.giveUp();
    this.#socket.destroy();
  }

  #expired(): void {
    if (this.#isClosed) return;
    if (this.#handshake !== undefined) this.#handshake.expired();
    else if (this.#isEnding) this.#socket.destroy();
    // RFC 1939 3: without a word, and without removing anything.
    else this.destroy('timed out');
  }

  #received(chunk: Buffer): void {
    this.#session.receive(chunk);
    if (!this.#socket.isHeld) this.#pump();
  }

  #halfClosed(): void {
    if (this.#handshake !== undefined) this.#handshake.clientClosed();
    else if (!this.#socket.isHeld) this.#pump();
  }

  #drained(): void {
    const waiting = this.#whenDrained;
    this.#whenDrained = undefined;
    if (waiting !== undefined) waiting();
    else if (!this.#socket.isHeld && !this.#isClosed) this.#pump();
  }

  #pump(): void {
    let hasMoved = false;
    while (!this.#socket.isHeld && !this.#isClosed && !this.#isEnding) {
      const event = this.#session.next();
      if (event !== undefined) this.#event(event);
      else if (!this.#flush()) break;
      hasMoved = true;
    }
    if (!this.#isEnding) this.#flush();
    if (this.#isClosed || this.#socket.isHeld) return;
    if (this.#isEnding) this.#timer.linger();
    else {
      if (this.#socket.isHalfClosed && !this.#socket.isFull) this.#socket.end();
      this.#runTimer(hasMoved);
    }
  }

  #runTimer(hasMoved: boolean): void {
    const { loginTimeoutMs, idleTimeoutMs } = this.#context.settings;
    this.#timer.run(this.#session.isLoggedIn ? idleTimeoutMs : loginTimeoutMs, hasMoved);
  }

  /** @returns whether something was written, and more could be */
  #flush(): boolean {
    if (this.#socket.isFull) return false;
    const output = this.#session.takeOutput();
    return output !== undefined && this.#socket.write(output);
  }

  #event(event: Pop3Event): void {
    switch (event.kind) {
      case 'password':
      case 'auth':
      case 'response':
      case 'unauthenticated':
        this.#login.take(event, this.#facts);
        break;
      case 'stls':
        this.#startTls();
        break;
      case 'measure':
        this.#work((visit) => visit.measure(event.number));
        break;
      case 'message':
        if (this.#visit?.sendNow(event.number, event.lines) !== true)
          this.#work((visit) => visit.send(event.number, event.lines));
        break;
      case 'update':
        this.#work((visit) => visit.update(event.deleted, event.retrieved));
        break;
      case 'close':
        this.#isEnding = true;
        if (event.isQuit) {
          this.#reason = '';
          this.#socket.closeAfter(this.#session.takeOutput());
        } else {
          this.#reason = 'too many errors';
          // The client may still be sending: closing now would reset the connection, and the client would lose our reply.
          const output = this.#session.takeOutput();
          if (output !== undefined) this.#socket.write(output);
          this.#socket.end();
          // However long the client stays, another session may have the mailbox.
          this.#endVisit();
        }
        break;
    }
  }

  /** Does something with the mailbox, and goes on when it is done. */
  #work(work: (visit: MailboxVisit) => Promise<void>): void {
    const visit = this.#visit;
    if (visit === undefined) return;
    this.#hold();
    void work(visit).finally(() => this.#resume());
  }

  async #open(who: LoggedIn): Promise<void> {
    this.#hold();
    const opened = await MailboxVisit.open(this.#context, who.user, {
      session: this.#session,
      isGone: () => this.#isClosed,
      flush: () => this.#flushAndWait(),
      breakOff: (reason) => this.destroy(reason),
    });
    if (opened.kind === 'refused') {
      this.#context.log.rejected(this.#client, 'LOGIN', `[${opened.code}] ${opened.text}`);
      this.#session.refuse(opened.text, opened.code);
    } else {
      this.#visit = opened.visit;
      if (this.#isClosed) this.#endVisit();
      else this.#session.opened(opened.visit.drop);
    }
    this.#resume();
  }

  /** Writes what there is, and resolves when the client has taken enough of it, or is gone. */
  #flushAndWait(): Promise<void> | undefined {
    let isWritten = this.#flush();
    while (isWritten) isWritten = this.#flush();
    if (!this.#socket.isFull || this.#isClosed) return undefined;
    this.#runTimer(true);
    return new Promise((resolve) => {
      this.#whenDrained = () => {
        this.#timer.stop();
        resolve();
      };
    });
  }

  #startTls(): void {
    const begun = Handshake.begin(this.#context.tls, this.#client);
    if ('code' in begun) {
      this.#session.refuse('TLS is not possible now, try again later', 'SYS/TEMP');
      return;
    }
    this.#session.startTls();
    this.#flush();
    this.#upgrade(begun, () => undefined);
  }

  /** TLS from the first byte on (RFC 8314 3.3). */
  #secure(then: () => void): void {
    const begun = Handshake.begin(this.#context.tls, this.#client);
    if ('code' in begun) this.refuse(String(begun.text));
    else this.#upgrade(begun, then);
  }

  #upgrade(handshake: Handshake, then: () => void): void {
    this.#hold();
    const parts = { handshake, socket: this.#socket, timer: this.#timer, log: this.#context.log };
    this.#handshake = new RunningHandshake({ ...parts, client: this.#client });
    this.#handshake.begin((socket) => {
      this.#handshake = undefined;
      this.#secured(socket);
      then();
      this.#resume();
    });
  }

  #secured(socket: TLSSocket): void {
    this.#facts = factsUnderTls(socket, this.#client, this.#context);
    const { bindings, certificateNames } = this.#facts;
    this.#session.secured({ isBindable: !bindings.isEmpty, isIdentified: certificateNames.length > 0 });
  }

  /** Does what answers the session, and goes on if it was waited for. */
  #answered(answer: () => void): void {
    answer();
    if (this.#socket.isHeld) this.#resume();
  }

  #hold(): void {
    this.#socket.hold();
    this.#timer.stop();
  }

  #resume(): void {
    this.#socket.release();
    if (this.#isClosed) return;
    this.#pump();
    this.#socket.readOn();
  }

  #gone(problem: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (problem === '') this.#handshake?.clientClosed();
    else this.#handshake?.fail(problem);
    if (problem !== '' && this.#reason !== '') this.#reason = problem;
    this.#timer.stop();
    this.#login.gone();
    this.#whenDrained?.();
    this.#endVisit();
    this.#onClosed();
  }

  #endVisit(): void {
    this.#visit?.end(this.#client, this.#reason);
    this.#visit = undefined;
  }
}
