// What follows from each event of a session: the stages of its pipeline are asked, and the session is answered. It owns no socket.
// What follows from content is in `content-steps.ts`.

import type { Decision } from '../policy/decision.ts';
import { PendingDecision } from '../policy/pending-decision.ts';
import type { Pipeline } from '../policy/pipeline.ts';
import type { ClientFacts, TlsFacts } from '../policy/stage.ts';
import type { RcptParameters, Reply, ServerEvent } from '../protocol/smtp/server/server-types.ts';
import type { ServerSession } from '../protocol/smtp/server/server-session.ts';
import { AuthSteps, type AuthWaiting, loginFirst } from './auth-steps.ts';
import { allowanceOf } from './connection-origin.ts';
import { ContentSteps, type ContentWaiting } from './content-steps.ts';
import { type GuessContext, GuessSteps } from './guess-steps.ts';
import { OtherCommands } from './other-commands.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { ReceivedSession } from './received-session.ts';
import { RecipientSteps } from './recipient-steps.ts';
import { SendingSteps } from './sending-steps.ts';
import { SessionAnswers } from './session-answers.ts';
import type { StepEvent, Waiting } from './session-waiting.ts';
import { refusalBeforeContent, refusalOfMail } from './store-refusals.ts';
import type { TlsLogins } from './tls-logins.ts';
import { originOf, type TransactionOrigin } from './transaction-origin.ts';

export class SessionSteps implements ContentWaiting, AuthWaiting {
  readonly #context: ReceiveContext;
  readonly #session: ServerSession;
  readonly #facts: ReceivedSession;
  readonly #completesMail: boolean;
  readonly #waiting: Waiting;
  /** Of the tenant of the present message, or for those of no tenant. */
  #pipeline: Pipeline;
  #pending: PendingDecision | undefined;
  readonly #content: ContentSteps;
  readonly #answers: SessionAnswers;
  readonly #sending: SendingSteps;
  readonly #others: OtherCommands;
  readonly #auth: AuthSteps | undefined;
  readonly #guessing: GuessSteps;
  readonly #recipients: RecipientSteps;
  /** Made at HELO and EHLO, and shared by all transactions until the next. */
  #origin: TransactionOrigin;

  /** @param completesMail - whether mail of clients that may relay is completed */
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
    this.#answers = new SessionAnswers(context, session, facts);
    this.#sending = new SendingSteps(context, facts, this.#answers, this);
    this.#others = new OtherCommands(context, session, this.#answers, this);
    this.#content = new ContentSteps(context, session, facts, this.#answers, this);
    this.#origin = originOf(facts, completesMail);
    facts.flush = () => waiting.answered();
    this.#guessing = new GuessSteps(context, facts, this.#answers, waiting);
    const checks = { guessing: this.#guessing, sending: this.#sending };
    this.#recipients = new RecipientSteps(context, session, facts, this.#answers, checks, waiting);
    if (context.auth !== undefined) {
      this.#auth = new AuthSteps(context, context.auth, session, facts, this.#answers, completesMail, this);
    }
  }

  /** Greets the client, unless a stage refuses it. */
  connected(): void {
    this.#askAboutClient('connect', 'CONNECT', () => {
      this.#applyRule();
      if (!this.#guessing.isClientRefused('CONNECT')) this.#session.greet();
    });
  }

  /** TLS is not possible now: the session goes on in clear. */
  refuseStartTls(reply: Reply): void {
    this.#answers.reject('STARTTLS', reply, '', '');
  }

  /** The handshake is through. @param then - what follows, unless a stage refuses the client */
  secured(tls: TlsFacts, mayRelay: boolean, logins: TlsLogins, then: () => void): void {
    this.#facts.secured(tls, mayRelay, logins);
    this.#setOrigin();
    // The 220 of STARTTLS is long sent: the client gets a refusal in place of an answer to its EHLO.
    this.#askAboutClient('starttls', 'STARTTLS', then);
  }

  take(event: StepEvent): void {
    switch (event.kind) {
      case 'hello':
        this.#hello(event.name, event.extended);
        break;
      case 'auth':
      case 'response':
      case 'unauthenticated':
        this.#auth?.take(event);
        break;
      case 'mail':
        if (this.#auth === undefined) this.#mail(event);
        else this.#auth.whileItHolds(event.reversePath, () => this.#mail(event));
        break;
      case 'rcpt':
        this.#rcpt(event.forwardPath, event.params);
        break;
      case 'data':
        this.#data();
        break;
      case 'content':
        this.#content.piece(event.bytes);
        break;
      case 'end':
        this.#content.end();
        break;
      case 'reset':
        if (this.#session.phase === 'content') this.#answers.logContentRefusal();
        this.#dropTransaction();
        break;
      default:
        this.#others.take(event);
    }
  }

  /**
   * XCLIENT: the session goes on with this client.
   * @param context - with the limits that apply to this client
   * @param then - answers the front end, unless a stage refuses the client
   */
  restart(client: ClientFacts, context: GuessContext, then: () => void): void {
    this.#facts.restart(client);
    this.#setOrigin();
    this.#guessing.restart(context);
    this.#askAboutClient('connect', 'XCLIENT', () => {
      if (this.#guessing.isClientRefused('XCLIENT')) return;
      then();
      this.#applyRule();
    });
  }

  /** Refuses a client of which a front end has told, and ends the session. */
  refuseXclient(client: ClientFacts, reply: Reply): void {
    this.#facts.restart(client);
    this.#answers.disconnect('XCLIENT', reply);
  }

  /** The client has gone: what was under way is dropped. */
  gone(): void {
    this.#pending?.cancel();
    this.#pending = undefined;
    this.#auth?.gone();
    this.#guessing.gone();
    this.#sending.gone();
    this.#others.gone();
    this.#content.abort();
    this.#facts.end();
    this.#recipients.gone();
  }

  authenticated(): void {
    this.#setOrigin();
  }

  hold(): void {
    this.#waiting.hold();
  }

  resume(): void {
    this.#waiting.resume();
  }

  answered(): void {
    this.#waiting.answered();
  }

  wait(pending: PendingDecision, then: (decision: Decision) => void): void {
    this.#pending = pending;
    this.#waiting.hold();
    pending.whenMade((decision) => {
      this.#pending = undefined;
      then(decision);
      this.#waiting.resume();
    });
  }

  #whenMade(decision: Decision | PendingDecision, then: (decision: Decision) => void): void {
    if (decision instanceof PendingDecision) this.wait(decision, then);
    else then(decision);
  }

  #setOrigin(): void {
    this.#origin = originOf(this.#facts, this.#completesMail);
  }

  /** @param then - what follows, unless a stage refuses the client */
  #askAboutClient(point: 'connect' | 'starttls', command: string, then: () => void): void {
    const decided = (made: Decision): void => {
      if (made.kind === 'continue' || made.kind === 'discard') then();
      else this.#answers.refuseClient(command, made);
    };
    const decision = this.#context.pipelines.usual.decide(point, this.#facts);
    this.#whenMade(decision, decided);
  }

  /** A stage at `connect` may have said which rule holds for the client. */
  #applyRule(): void {
    if (this.#facts.client.rule === undefined) return;
    this.#session.allow(allowanceOf(this.#facts, this.#completesMail, this.#context.settings.hostname));
  }

  #hello(name: string, extended: boolean): void {
    this.#facts.hello(name, extended);
    this.#setOrigin();
    // It ends a transaction, and with it the stages of a tenant.
    const decision = this.#context.pipelines.usual.decide('helo', this.#facts);
    this.#whenMade(decision, (made) => {
      if (!this.#answers.isRefused('HELO', made)) this.#session.accept();
    });
  }

  #mail(event: ServerEvent & { readonly kind: 'mail' }): void {
    const { reversePath, params } = event;
    const refusal =
      (this.#auth?.isNeeded === true ? loginFirst : undefined) ??
      refusalOfMail(this.#context, params.sizeBytes);
    if (refusal !== undefined) {
      this.#answers.reject('MAIL', refusal, reversePath, '');
      return;
    }
    if (this.#guessing.isClientRefused('MAIL')) return;
    this.#facts.begin(this.#recipients.begin(this.#origin, reversePath, params));
    this.#pipeline = this.#context.pipelines.usual;
    const decision = this.#pipeline.decide('mail', this.#facts);
    this.#whenMade(decision, (made) => this.#mailDecided(made));
  }

  #mailDecided(decision: Decision): void {
    if (this.#answers.isRefused('MAIL', decision)) {
      this.#facts.dropTransaction();
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
    this.#facts.recipient.begin(forwardPath, params);
    const decision = this.#decideOnMessage('rcpt');
    this.#whenMade(decision, (made) => this.#recipients.decided(made));
  }

  #data(): void {
    const { transaction } = this.#facts;
    const refusal = refusalBeforeContent(transaction.home.spool, transaction.params.sizeBytes);
    if (refusal !== undefined) {
      this.#answers.reject('DATA', refusal, transaction.reversePath, '');
      return;
    }
    const decision = this.#decideOnMessage('data');
    this.#whenMade(decision, (made) => this.#dataDecided(made));
  }

  #dataDecided(decision: Decision): void {
    if (this.#answers.isRefused('DATA', decision)) return;
    this.#sending.count(() => {
      this.#content.begin(this.#pipeline);
      this.#session.accept();
    });
  }

  /** Asks nobody about a message that will be dropped. */
  #decideOnMessage(point: 'rcpt' | 'data'): Decision | PendingDecision {
    return this.#facts.transaction.discard === undefined
      ? this.#pipeline.decide(point, this.#facts)
      : { kind: 'continue' };
  }

  #dropTransaction(): void {
    this.#content.abort();
    this.#facts.dropTransaction();
  }
}
