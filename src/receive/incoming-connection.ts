// One incoming SMTP connection: connects the socket, the timer and the intake of messages to a server session without I/O
// (RFC 5321). Promises: a message is answered 250 only after the spool says that it is on stable storage.

import type { Socket } from 'node:net';
import type { RcptParameters, Reply, ServerEvent } from '../protocol/smtp/server/server-types.ts';
import { ServerSession } from '../protocol/smtp/server/server-session.ts';
import { judgeAddress } from './judge-address.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import { ClientSocket } from './client-socket.ts';
import { ClientTimer } from './client-timer.ts';
import { MessageIntake } from './message-intake.ts';
import type { ReceiveContext } from './receive-context.ts';
import { refusalBeforeContent } from './store-refusals.ts';

const busy: Reply = { code: 452, enhanced: '4.3.1', text: 'Too much mail at once, try again later' };
const relayingDenied: Reply = { code: 550, enhanced: '5.7.1', text: 'Relaying denied' };

export class IncomingConnection {
  readonly #context: ReceiveContext;
  readonly #socket: ClientSocket;
  readonly #session: ServerSession;
  readonly #client: string;
  readonly #isRelayClient: boolean;
  readonly #completesMail: boolean;
  readonly #timer: ClientTimer;
  readonly #onClosed: () => void;
  #helo = '';
  #extended = false;
  #transaction: AcceptedTransaction | undefined;
  #content: MessageIntake | undefined;
  /** Our last reply is written. The client gets a short time to close its side. */
  #ending = false;
  #closed = false;
  /** The connection was turned away before its session began. */
  #refused = false;

  /**
   * @param client - the client's IP address; empty for a program of this host on the submission socket
   * @param completesMail - whether the listener completes mail of clients that may relay
   */
  constructor(
    context: ReceiveContext,
    socket: Socket,
    client: string,
    completesMail: boolean,
    onClosed: () => void,
  ) {
    this.#context = context;
    this.#client = client;
    this.#onClosed = onClosed;
    this.#isRelayClient = client === '' || context.relay.isRelayClient(client);
    this.#completesMail = completesMail && this.#isRelayClient;
    this.#timer = new ClientTimer(context.deadlines, context.settings, () => this.#expired());
    this.#session = new ServerSession(context.settings.session, {
      oddCommands: this.#isRelayClient,
      defaultDomain: this.#completesMail ? context.settings.hostname : '',
    });
    this.#socket = new ClientSocket(socket, {
      received: (chunk) => this.#received(chunk),
      halfClosed: () => this.#pump(),
      gone: () => this.#gone(),
    });
  }

  start(): void {
    this.#session.greet();
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
    const session = this.#session;
    switch (event.kind) {
      case 'hello':
        this.#helo = event.name;
        this.#extended = event.extended;
        session.accept();
        break;
      case 'mail':
        this.#mail(event);
        break;
      case 'rcpt':
        this.#rcpt(event.forwardPath, event.params);
        break;
      case 'data':
        this.#data();
        break;
      case 'content':
        this.#piece(event.bytes);
        break;
      case 'end':
        this.#end();
        break;
      case 'reset':
        if (session.phase === 'content') this.#logContentRefusal();
        this.#dropTransaction();
        break;
      case 'vrfy':
        session.accept();
        break;
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

  #mail(event: ServerEvent & { readonly kind: 'mail' }): void {
    const { spool, memory } = this.#context;
    const { reversePath, params } = event;
    const refusal = refusalBeforeContent(spool, params.sizeBytes) ?? (memory.exhausted ? busy : undefined);
    if (refusal !== undefined) {
      this.#reject('MAIL', refusal, reversePath, '');
      return;
    }
    const tenant = this.#context.tenants.of(this.#client, reversePath);
    const trusted = this.#isRelayClient;
    const tenantPriority = tenant === undefined || tenant.priority === 0 ? undefined : tenant.priority;
    const priority = trusted ? (params.priority ?? tenantPriority) : tenantPriority;
    this.#transaction = {
      client: this.#client,
      helo: this.#helo,
      extended: this.#extended,
      reversePath,
      params,
      tenant: tenant?.name ?? '',
      trusted,
      completed: this.#completesMail,
      priority,
      recipients: [],
    };
    // RFC 6710 4.1: a server may use another priority than it was asked for, and says so with X.3.6.
    const inForce = priority ?? 0;
    if ((params.priority ?? inForce) === inForce) this.#session.accept();
    else this.#session.accept(`${inForce} is the priority of this message`, '2.3.6');
  }

  #rcpt(forwardPath: string, params: RcptParameters): void {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    const { address, isAccepted } = judgeAddress(this.#context, this.#isRelayClient, forwardPath);
    if (!isAccepted) {
      this.#reject('RCPT', relayingDenied, transaction.reversePath, address);
      return;
    }
    transaction.recipients.push({ address, ...params });
    this.#session.accept();
  }

  #data(): void {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    const refusal = refusalBeforeContent(this.#context.spool, transaction.params.sizeBytes);
    if (refusal !== undefined) {
      this.#reject('DATA', refusal, transaction.reversePath, '');
      return;
    }
    this.#content = new MessageIntake(this.#context, transaction);
    this.#session.accept();
  }

  #piece(bytes: Uint8Array): void {
    const wait = this.#content?.add(bytes);
    if (wait === undefined) return;
    this.#socket.hold();
    this.#timer.stop();
    void wait.then(() => this.#resume());
  }

  #end(): void {
    const content = this.#content;
    if (content === undefined) return;
    this.#content = undefined;
    this.#transaction = undefined;
    this.#socket.hold();
    this.#timer.stop();
    content.finish((answer) => {
      if (answer.kind === 'accepted') {
        this.#session.accept(`queued as ${answer.queueId}`);
      } else {
        this.#reject('content', answer.reply, content.transaction.reversePath, '');
      }
      this.#resume();
    });
  }

  #resume(): void {
    this.#socket.release();
    if (this.#closed) return;
    this.#pump();
    this.#socket.readOn();
  }

  #reject(command: string, reply: Reply, reversePath: string, recipient: string): void {
    this.#context.log.rejected(this.#client, command, reply, reversePath, recipient);
    this.#session.reject(reply);
  }

  /** Logs why the session refuses the content, which it does at the end of the content. */
  #logContentRefusal(): void {
    const { contentRefusal } = this.#session;
    if (contentRefusal === undefined) return;
    const { reversePath = '' } = this.#transaction ?? {};
    this.#context.log.rejected(this.#client, 'content', contentRefusal, reversePath, '');
  }

  #dropTransaction(): void {
    this.#transaction = undefined;
    this.#content?.abort();
    this.#content = undefined;
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
    this.#dropTransaction();
    this.#onClosed();
  }
}
