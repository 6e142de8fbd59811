// One incoming SMTP connection: connects the socket and the timer to a server session without I/O (RFC 5321), and to what follows
// from its events. While a stage or the disk is waited for, input is on hold and no timeout runs.

import type { Socket } from 'node:net';
import type { ListenerFacts } from '../policy/stage.ts';
import type { Reply, ServerEvent } from '../protocol/smtp/server/server-types.ts';
import { InputQueue } from '../protocol/smtp/server/input-queue.ts';
import { ServerSession } from '../protocol/smtp/server/server-session.ts';
import { ClientSocket } from './client-socket.ts';
import { ClientTimer } from './client-timer.ts';
import type { ReceiveContext } from './receive-context.ts';
import { ReceivedSession } from './received-session.ts';
import { SessionSteps, type Waiting } from './session-steps.ts';

/** How a connection came in. */
export interface ConnectionOrigin {
  readonly listener: ListenerFacts;
  /** The client's IP address; empty for a program of this host on the submission socket. */
  readonly client: string;
  /** Whether the listener completes mail of clients that may relay. */
  readonly completesMail: boolean;
}

export class IncomingConnection implements Waiting {
  readonly #context: ReceiveContext;
  readonly #socket: ClientSocket;
  readonly #input = new InputQueue();
  readonly #session: ServerSession;
  readonly #client: string;
  readonly #steps: SessionSteps;
  readonly #timer: ClientTimer;
  readonly #onClosed: () => void;
  /** Our last reply is written. The client gets a short time to close its side. */
  #ending = false;
  #closed = false;
  /** How many things are waited for. */
  #holds = 0;
  /** The connection was turned away before its session began. */
  #refused = false;

  constructor(context: ReceiveContext, socket: Socket, origin: ConnectionOrigin, onClosed: () => void) {
    const { client, listener } = origin;
    this.#context = context;
    this.#client = client;
    this.#onClosed = onClosed;
    const mayRelay = client === '' || context.relay.isRelayClient(client);
    const completesMail = origin.completesMail && mayRelay;
    this.#timer = new ClientTimer(context.deadlines, context.settings, () => this.#expired());
    const { session } = context.settings;
    const leniency = { oddCommands: mayRelay, defaultDomain: completesMail ? context.settings.hostname : '' };
    this.#session = new ServerSession(session, leniency, this.#input);
    const facts = new ReceivedSession(listener, { address: client, mayRelay }, session.maxMessageBytes);
    this.#steps = new SessionSteps(context, this.#session, facts, completesMail, this);
    this.#socket = new ClientSocket(socket, {
      received: (chunk) => this.#received(chunk),
      takeBack: () => this.#input.takeLast(),
      halfClosed: () => this.#pump(),
      gone: () => this.#gone(),
    });
  }

  start(): void {
    this.#steps.connected();
    this.#pump();
  }

  /** Answers with the reason why there is no service, and closes. */
  refuse(reply: Reply): void {
    this.#refused = true;
    this.#context.log.rejected(this.#client, 'CONNECT', reply, '', '');
    // RFC 5321 4.2.2: a 421 begins with our domain.
    this.#session.refuse({ ...reply, text: `${this.#context.settings.hostname} ${String(reply.text)}` });
    this.#pump();
  }

  /** Ends the session with 421 (RFC 5321 3.8). A message that is being received is finished first. */
  shutdown(): void {
    if (this.#closed) return;
    this.#session.shutdown('Sluice is stopping, try again later');
    if (!this.#socket.isHeld) this.#pump();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #expired(): void {
    if (this.#closed) return;
    if (this.#ending) {
      this.#socket.destroy();
      return;
    }
    this.#socket.endWith(
      `421 4.4.2 ${this.#context.settings.hostname} Timed out, closing the connection\r\n`,
    );
    // Without this time, a client that reads nothing would keep its connection and our output for ever.
    this.#ending = true;
    this.#timer.linger();
  }

  #received(chunk: Buffer): void {
    if (this.#session.phase === 'content') this.#timer.countContent(chunk.length);
    this.#session.receive(chunk);
    if (!this.#socket.isHeld) this.#pump();
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
    if (this.#socket.isHalfClosed && !this.#socket.isHeld && !this.#ending) this.#socket.end();
    if (this.#ending) this.#timer.linger();
    else if (!this.#socket.isHeld) this.#timer.run(this.#session.phase, progress);
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
      default:
        this.#steps.take(event);
    }
  }

  /** Logs the reply with which the session ended by itself. A connection that was refused is logged already. */
  #logLastReply(): void {
    const { lastReply } = this.#session;
    if (lastReply === undefined || this.#refused) return;
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

  /** @returns whether there was output that could be written */
  #flush(): boolean {
    const output = this.#session.takeOutput();
    return output !== undefined && this.#socket.write(output);
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer.stop();
    this.#steps.gone();
    this.#onClosed();
  }
}
