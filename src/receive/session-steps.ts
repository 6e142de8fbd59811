// What follows from each event of a session: the stages of its pipeline are asked, and the session is answered. It owns no socket.
// Promises: a message is answered 250 only after the spool says that it is on stable storage, or when a stage has discarded it.

import type { Decision } from '../policy/decision.ts';
import { PendingDecision } from '../policy/pending-decision.ts';
import type { Pipeline } from '../policy/pipeline.ts';
import type { RcptParameters, Reply, ServerEvent } from '../protocol/smtp/server/server-types.ts';
import type { ServerSession } from '../protocol/smtp/server/server-session.ts';
import { AcceptedTransaction } from './accepted-transaction.ts';
import { MessageIntake } from './message-intake.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { ReceivedSession } from './received-session.ts';
import { refusalBeforeContent } from './store-refusals.ts';

const busy: Reply = { code: 452, enhanced: '4.3.1', text: 'Too much mail at once, try again later' };

/** How the session waits: its input is on hold from `hold` to `resume`. */
export interface Waiting {
  hold(): void;
  resume(): void;
}

/** An event after which the session goes on. */
export type StepEvent = Exclude<ServerEvent, { readonly kind: 'quit' | 'close' }>;

export class SessionSteps {
  readonly #context: ReceiveContext;
  readonly #session: ServerSession;
  readonly #facts: ReceivedSession;
  readonly #completesMail: boolean;
  readonly #waiting: Waiting;
  /** Of the tenant of the present message, or for those of no tenant. */
  #pipeline: Pipeline;
  #pending: PendingDecision | undefined;
  #content: MessageIntake | undefined;

  /** @param completesMail - whether mail of this client is completed */
  constructor(
    context: ReceiveContext,
    session: ServerSession,
    facts: ReceivedSession,
    completesMail: boolean,
    waiting: Waiting,
  ) {
    this.#context = context;
    this.#session = session;
    this.#facts = facts;
    this.#completesMail = completesMail;
    this.#waiting = waiting;
    this.#pipeline = context.pipelines.usual;
  }

  /** Greets the client, unless a stage refuses it. */
  connected(): void {
    const decision = this.#pipeline.decide('connect', this.#facts);
    if (decision instanceof PendingDecision) this.#wait(decision, (made) => this.#connectDecided(made));
    else this.#connectDecided(decision);
  }

  take(event: StepEvent): void {
    switch (event.kind) {
      case 'hello':
        this.#hello(event.name, event.extended);
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
        if (this.#session.phase === 'content') this.#logContentRefusal();
        this.#dropTransaction();
        break;
      case 'vrfy':
        this.#session.accept();
        break;
    }
  }

  /** The client has gone: what was under way is dropped. */
  gone(): void {
    this.#pending?.cancel();
    this.#pending = undefined;
    this.#dropTransaction();
  }

  #wait(pending: PendingDecision, then: (decision: Decision) => void): void {
    this.#pending = pending;
    this.#waiting.hold();
    pending.whenMade((decision) => {
      this.#pending = undefined;
      then(decision);
      this.#waiting.resume();
    });
  }

  #connectDecided(decision: Decision): void {
    if (decision.kind === 'continue' || decision.kind === 'discard') {
      this.#session.greet();
      return;
    }
    const { reply, kind, stage } = decision;
    // RFC 5321 4.3.2: a connection is refused with 554, or with 421 for now.
    const code = kind === 'reject' || reply.code >= 500 ? 554 : 421;
    this.#disconnect('CONNECT', { ...reply, code }, stage);
  }

  #hello(name: string, extended: boolean): void {
    this.#facts.helo = name;
    this.#facts.extended = extended;
    const decision = this.#pipeline.decide('helo', this.#facts);
    if (decision instanceof PendingDecision) this.#wait(decision, (made) => this.#helloDecided(made));
    else this.#helloDecided(decision);
  }

  #helloDecided(decision: Decision): void {
    if (!this.#isRefused('HELO', decision, '')) this.#session.accept();
  }

  #mail(event: ServerEvent & { readonly kind: 'mail' }): void {
    const { spool, memory } = this.#context;
    const { reversePath, params } = event;
    const refusal = refusalBeforeContent(spool, params.sizeBytes) ?? (memory.exhausted ? busy : undefined);
    if (refusal !== undefined) {
      this.#reject('MAIL', refusal, reversePath, '');
      return;
    }
    const { client, helo, extended } = this.#facts;
    const origin = {
      client: client.address,
      helo,
      extended,
      trusted: client.mayRelay,
      completed: this.#completesMail,
    };
    this.#facts.begin(new AcceptedTransaction(origin, reversePath, params));
    const decision = this.#pipeline.decide('mail', this.#facts);
    if (decision instanceof PendingDecision) this.#wait(decision, (made) => this.#mailDecided(made));
    else this.#mailDecided(decision);
  }

  #mailDecided(decision: Decision): void {
    if (this.#isRefused('MAIL', decision, '')) {
      this.#facts.endTransaction();
      return;
    }
    const { params, priority, tenant } = this.#facts.transaction;
    this.#pipeline = this.#context.pipelines.of(tenant);
    // RFC 6710 4.1: a server may use another priority than it was asked for, and says so with X.3.6.
    const inForce = priority ?? 0;
    if ((params.priority ?? inForce) === inForce) this.#session.accept();
    else this.#session.accept(`${inForce} is the priority of this message`, '2.3.6');
  }

  #rcpt(forwardPath: string, params: RcptParameters): void {
    const { recipient } = this.#facts;
    recipient.address = forwardPath;
    recipient.params = params;
    const decision = this.#decideOnMessage('rcpt');
    if (decision instanceof PendingDecision) this.#wait(decision, (made) => this.#rcptDecided(made));
    else this.#rcptDecided(decision);
  }

  #rcptDecided(decision: Decision): void {
    const { recipient, transaction } = this.#facts;
    if (this.#isRefused('RCPT', decision, recipient.address)) return;
    transaction.recipients.push({ address: recipient.address, ...recipient.params });
    this.#session.accept();
  }

  #data(): void {
    const { transaction } = this.#facts;
    const refusal = refusalBeforeContent(this.#context.spool, transaction.params.sizeBytes);
    if (refusal !== undefined) {
      this.#reject('DATA', refusal, transaction.reversePath, '');
      return;
    }
    const decision = this.#decideOnMessage('data');
    if (decision instanceof PendingDecision) this.#wait(decision, (made) => this.#dataDecided(made));
    else this.#dataDecided(decision);
  }

  #dataDecided(decision: Decision): void {
    if (this.#isRefused('DATA', decision, '')) return;
    const { transaction } = this.#facts;
    if (transaction.recipients.length === 0) transaction.drop(noRecipientLeft);
    if (transaction.discard === undefined) this.#content = new MessageIntake(this.#context, transaction);
    this.#session.accept();
  }

  #piece(bytes: Uint8Array): void {
    const wait = this.#content?.add(bytes);
    if (wait === undefined) return;
    this.#waiting.hold();
    void wait.then(() => this.#waiting.resume());
  }

  #end(): void {
    const { transaction } = this.#facts;
    const content = this.#content;
    this.#content = undefined;
    this.#endTransaction();
    if (content === undefined) {
      this.#discarded(transaction);
      return;
    }
    this.#waiting.hold();
    content.finish((answer) => {
      if (answer.kind === 'accepted') this.#session.accept(`queued as ${answer.queueId}`);
      else this.#reject('content', answer.reply, transaction.reversePath, '');
      this.#waiting.resume();
    });
  }

  #discarded(transaction: AcceptedTransaction): void {
    this.#context.log.discarded(transaction);
    this.#session.accept();
  }

  /** Asks nobody about a message that will be dropped. */
  #decideOnMessage(point: 'rcpt' | 'data'): Decision | PendingDecision {
    return this.#facts.transaction.discard === undefined
      ? this.#pipeline.decide(point, this.#facts)
      : { kind: 'continue' };
  }

  /** Answers the session when stages have refused; notes that a message is to be dropped. @returns whether they refused */
  #isRefused(command: string, decision: Decision, recipient: string): boolean {
    switch (decision.kind) {
      case 'continue':
        return false;
      case 'discard':
        this.#facts.transaction.drop(decision);
        return false;
      case 'disconnect':
        this.#disconnect(command, decision.reply, decision.stage, recipient);
        return true;
      case 'reject':
      case 'tempfail': {
        const { reply, stage } = decision;
        if (reply.code === 421) this.#disconnect(command, reply, stage, recipient);
        else this.#reject(command, reply, this.#reversePath, recipient, stage);
        return true;
      }
    }
  }

  /** Sends this reply, and ends the session. */
  #disconnect(command: string, reply: Reply, stage: string, recipient = ''): void {
    const { log, settings } = this.#context;
    log.rejected(this.#facts.client.address, command, reply, this.#reversePath, recipient, stage);
    // RFC 5321 4.2.2: a 421 begins with our domain.
    const [first = '', ...more] = typeof reply.text === 'string' ? [reply.text] : reply.text;
    const text = reply.code === 421 ? [`${settings.hostname} ${first}`, ...more] : reply.text;
    this.#session.refuse({ ...reply, text });
  }

  #reject(command: string, reply: Reply, reversePath: string, recipient: string, stage?: string): void {
    this.#context.log.rejected(this.#facts.client.address, command, reply, reversePath, recipient, stage);
    this.#session.reject(reply);
  }

  get #reversePath(): string {
    return this.#facts.hasTransaction ? this.#facts.transaction.reversePath : '';
  }

  /** Logs why the session refuses the content, which it does at the end of the content. */
  #logContentRefusal(): void {
    const { contentRefusal } = this.#session;
    if (contentRefusal === undefined) return;
    this.#context.log.rejected(this.#facts.client.address, 'content', contentRefusal, this.#reversePath, '');
  }

  #endTransaction(): void {
    this.#facts.endTransaction();
    this.#pipeline = this.#context.pipelines.usual;
  }

  #dropTransaction(): void {
    this.#endTransaction();
    this.#content?.abort();
    this.#content = undefined;
  }
}

const noRecipientLeft = { stage: '', reason: 'no recipient is left' };
