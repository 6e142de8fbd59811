// What is known of one session: the facts that stages are given, and that their verdicts change. One object for the whole session,
// so that asking stages costs no object.

import type { User } from '../directory/types.ts';
import type { Change, Subject } from '../policy/decision.ts';
import type {
  ClientFacts,
  ConnectionFacts,
  Edit,
  HeaderFacts,
  ListenerFacts,
  NewBody,
  Point,
  StageResult,
  TlsFacts,
} from '../policy/stage.ts';
import type { StageNotices } from '../policy/stage-notices.ts';
import type { Foreword } from '../protocol/smtp/server/foreword.ts';
import type { ForwardedFacts } from '../protocol/smtp/server/server-types.ts';
import { SessionMisuseError } from '../protocol/smtp/server/session-misuse-error.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import { CurrentRecipient } from './current-recipient.ts';
import { DraftBody } from './draft-body.ts';
import type { ShowPiece } from './body-followers.ts';
import type { MessageIntake } from './message-intake.ts';
import { InputEnd } from './input-end.ts';
import { SessionResults } from './session-results.ts';
import { StageAdditions } from './stage-additions.ts';
import { noTlsLogins, type TlsLogins } from './tls-logins.ts';

export class ReceivedSession implements Subject {
  readonly listener: ListenerFacts;
  readonly connection: ConnectionFacts;
  client: ClientFacts;
  /** What XFORWARD said of the message that comes next. */
  forwarded: ForwardedFacts | undefined;
  tls: TlsFacts | undefined;
  logins: TlsLogins = noTlsLogins;
  readonly recipient = new CurrentRecipient();
  helo = '';
  extended = false;
  readonly isTrial: boolean;
  /** The content of the present message, while stages may see it. */
  content: MessageIntake | undefined;
  #transaction: AcceptedTransaction | undefined;
  readonly #usualMaxBytes: number;
  readonly #replies: Foreword;
  /** Sends the replies that are queued, while the session waits. */
  flush: () => void = () => undefined;
  #loggedIn: User | undefined;
  #mechanism: string | undefined;
  #beforeLogin: ClientFacts | undefined;
  readonly #additions = new StageAdditions();
  /** Hear of the end of transactions, and of the session. */
  notices: StageNotices | undefined;
  #saidHello = false;
  readonly #results = new SessionResults();
  readonly input = new InputEnd();

  /** @param maxMessageBytes - 0 for no limit */
  constructor(
    listener: ListenerFacts,
    client: ClientFacts,
    connection: ConnectionFacts,
    { foreword }: { readonly foreword: Foreword },
    maxMessageBytes: number,
    isTrial = false,
  ) {
    this.isTrial = isTrial;
    this.#usualMaxBytes = maxMessageBytes;
    this.#replies = foreword;
    this.connection = connection;
    this.listener = listener;
    this.client = client;
  }

  get isGreeted(): boolean {
    return this.#replies.isGreeted;
  }

  get hasSpoken(): boolean {
    return this.#replies.hasSpoken;
  }

  sayFirst(text: string): void {
    this.#replies.greetFirst(text);
    this.flush();
  }

  /** By AUTH, or as a front end has told it. */
  get principal(): string | undefined {
    return this.#loggedIn?.address ?? this.client.frontEnd?.login;
  }

  /** The user of an AUTH in this session. */
  get user(): User | undefined {
    return this.#loggedIn;
  }

  get mechanism(): string | undefined {
    return this.#loggedIn === undefined ? undefined : this.#mechanism;
  }

  /** The largest message of this client; 0 for no limit. */
  get maxMessageBytes(): number {
    return this.client.rule?.maxMessageBytes ?? this.#usualMaxBytes;
  }

  /** @throws {SessionMisuseError} when it is asked outside a transaction */
  get transaction(): AcceptedTransaction {
    if (this.#transaction === undefined) {
      throw new SessionMisuseError('A fact of the mail transaction was asked for outside a transaction');
    }
    return this.#transaction;
  }

  /** Of the present message; empty outside a transaction. */
  get reversePath(): string {
    return this.#transaction?.reversePath ?? '';
  }

  get header(): HeaderFacts {
    const header = this.content?.header;
    if (header === undefined) throw new SessionMisuseError('The header was asked for before it was there');
    return header;
  }

  get body(): MessageIntake {
    if (this.content !== undefined) return this.content;
    throw new SessionMisuseError('The body was asked for before it was there');
  }

  followBody(show: ShowPiece): void {
    this.content?.followBody(show);
  }

  newBody(): NewBody {
    return this.body.newBody(this.maxMessageBytes || Infinity);
  }

  /** @param extended - whether it was EHLO */
  hello(name: string, extended: boolean): void {
    const { frontEnd } = this.client;
    this.#saidHello = true;
    this.helo = frontEnd?.helo ?? name;
    this.extended = frontEnd?.extended ?? extended;
    this.forwarded = undefined;
  }

  /** XCLIENT: another client, of which nothing is known but this, and TLS. */
  restart(client: ClientFacts): void {
    this.notices?.sessionEnded(this);
    this.client = client;
    // The TLS connection is that of the front end: its client has another one, or none.
    this.logins = noTlsLogins;
    this.#loggedIn = undefined;
    this.#results.forget('client');
    this.#forgetHello();
  }

  /**
   * The session is under TLS from here on. What the client has said in clear is forgotten (RFC 3207 4.2).
   * @param mayRelay - by its certificate
   */
  secured(tls: TlsFacts, mayRelay: boolean, logins: TlsLogins): void {
    // With a log-in in clear, should there have been one.
    if (this.#loggedIn !== undefined) this.loggedOut();
    this.tls = tls;
    this.logins = logins;
    if (mayRelay) this.client = { ...this.client, mayRelay };
    this.#forgetHello();
  }

  /** The client has gone. */
  end(): void {
    this.input.end();
    this.dropTransaction();
    this.notices?.sessionEnded(this);
  }

  /** AUTH: who has proved to be a user may relay. */
  loggedIn(user: User, mechanism: string): void {
    this.#loggedIn = user;
    this.#mechanism = mechanism;
    this.#beforeLogin = this.client;
    this.client = { ...this.client, mayRelay: true };
  }

  /** The same user, as the directory knows it now. */
  userIs(user: User): void {
    this.#loggedIn = user;
  }

  /** A stage has refused the user. */
  loggedOut(): void {
    this.#loggedIn = undefined;
    this.client = this.#beforeLogin ?? this.client;
  }

  begin(transaction: AcceptedTransaction): void {
    this.#transaction = transaction;
    this.#additions.reset();
  }

  /** Its message is not accepted. */
  dropTransaction(): void {
    this.#transaction?.notAccepted();
    this.endTransaction(false);
  }

  endTransaction(wasAccepted = true): void {
    const wasInTransaction = this.#transaction !== undefined;
    this.#transaction = undefined;
    this.content = undefined;
    this.forwarded = undefined;
    this.#results.forget('message');
    if (wasInTransaction) this.notices?.transactionEnded(this, wasAccepted);
  }

  resultOf(stage: string): StageResult | undefined {
    return this.#results.of(stage);
  }

  get results(): Readonly<Record<string, StageResult>> | undefined {
    return this.#results.all;
  }

  apply(stage: string, change: Change, point: Point, isTest = false): string | undefined {
    const { edits = [] } = change;
    const fault = this.#additions.add(edits, this.maxMessageBytes || Infinity, this.content?.header);
    if (fault !== undefined) return fault;
    for (const edit of edits) this.#edit(edit, point);
    if (change.kind === 'quarantine') this.transaction.hold(change.reason);
    if (change.result !== undefined) this.#note(stage, change.result, isTest);
    return undefined;
  }

  #forgetHello(): void {
    this.#saidHello = false;
    this.helo = '';
    this.extended = false;
    this.forwarded = undefined;
    this.#results.forget('session');
  }

  #edit(edit: Edit, point: Point): void {
    switch (edit.kind) {
      case 'set-client-rule': {
        const { rule } = edit;
        this.client = { ...this.client, rule, mayRelay: this.client.mayRelay || rule.relay !== undefined };
        break;
      }
      case 'set-tenant':
        this.transaction.setTenant(edit.name, edit.priority);
        break;
      case 'change-sender':
        this.transaction.changeSender(edit.address, edit.params);
        break;
      case 'change-recipient':
        this.recipient.change(edit.address, edit.keepsOriginal === true);
        break;
      case 'add-recipient':
        this.transaction.recipients.push(edit.recipient);
        break;
      case 'remove-recipient':
        this.transaction.removeRecipient(edit.address);
        break;
      case 'set-route':
        if (point === 'rcpt') this.recipient.route = edit.route;
        else this.transaction.setRoute(edit.route, edit.recipient);
        break;
      case 'insert-field':
      case 'add-field':
      case 'change-field':
      case 'remove-field':
        if (this.content?.header === undefined) this.transaction.keepFieldEdit(edit);
        else this.content.header.edit(edit);
        break;
      case 'replace-field':
        this.content?.header?.replace(edit);
        break;
      case 'reply-line':
        this.#replies.addReplyLine(edit.text);
        break;
      case 'replace-body':
        if (edit.body instanceof Uint8Array || edit.body instanceof DraftBody)
          this.content?.replaceBody(edit.body);
        break;
      default:
        edit satisfies never;
    }
  }

  #note(stage: string, result: StageResult, isTest: boolean): void {
    const scope = this.#transaction !== undefined ? 'message' : this.#saidHello ? 'session' : 'client';
    this.#results.note(scope, stage, result);
    const isMark = result['verdict'] === 'spam' || result['verdict'] === 'virus';
    if (isMark && !isTest) this.#transaction?.noteMark(`${stage}: ${result['verdict']}`);
  }
}
