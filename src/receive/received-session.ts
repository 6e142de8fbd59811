// What is known of one session: the facts that stages are given, and that their verdicts change. One object for the whole session,
// so that asking stages costs no object.

import type { Change, Subject } from '../policy/decision.ts';
import type { ClientFacts, Edit, ListenerFacts, RecipientFacts, StageResult } from '../policy/stage.ts';
import type { RcptParameters } from '../protocol/smtp/server/server-types.ts';
import { SessionMisuseError } from '../protocol/smtp/server/session-misuse-error.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';

/** The most recipients that stages may add to a message. */
const maxAddedRecipients = 1_000;

/** The recipient of the RCPT command that is being decided about. */
class CurrentRecipient implements RecipientFacts {
  address = '';
  params: RcptParameters = {};
}

export class ReceivedSession implements Subject {
  readonly listener: ListenerFacts;
  readonly client: ClientFacts;
  /** Sessions have no STARTTLS and no AUTH yet. */
  readonly tls = undefined;
  readonly principal = undefined;
  readonly recipient = new CurrentRecipient();
  helo = '';
  extended = false;
  #transaction: AcceptedTransaction | undefined;
  #addedRecipients = 0;
  /** Results of stages from before MAIL, and in the present transaction. Most sessions have none. */
  #sessionResults: Map<string, StageResult> | undefined;
  #messageResults: Map<string, StageResult> | undefined;

  constructor(listener: ListenerFacts, client: ClientFacts) {
    this.listener = listener;
    this.client = client;
  }

  /** @throws {SessionMisuseError} when it is asked outside a transaction */
  get transaction(): AcceptedTransaction {
    if (this.#transaction === undefined) {
      throw new SessionMisuseError('A fact of the mail transaction was asked for outside a transaction');
    }
    return this.#transaction;
  }

  get hasTransaction(): boolean {
    return this.#transaction !== undefined;
  }

  begin(transaction: AcceptedTransaction): void {
    this.#transaction = transaction;
    this.#addedRecipients = 0;
  }

  endTransaction(): void {
    this.#transaction = undefined;
    this.#messageResults = undefined;
  }

  resultOf(stage: string): StageResult | undefined {
    return this.#messageResults?.get(stage) ?? this.#sessionResults?.get(stage);
  }

  apply(stage: string, change: Change): string | undefined {
    const added = change.edits?.filter(({ kind }) => kind === 'add-recipient').length ?? 0;
    if (this.#addedRecipients + added > maxAddedRecipients) {
      return `it added more than ${maxAddedRecipients} recipients to a message`;
    }
    this.#addedRecipients += added;
    for (const edit of change.edits ?? []) this.#edit(edit);
    if (change.result !== undefined) this.#note(stage, change.result);
    return undefined;
  }

  #edit(edit: Edit): void {
    switch (edit.kind) {
      case 'set-tenant':
        this.transaction.setTenant(edit.name, edit.priority);
        break;
      case 'change-sender':
        this.transaction.changeSender(edit.address);
        break;
      case 'change-recipient':
        this.recipient.address = edit.address;
        break;
      case 'add-recipient':
        this.transaction.recipients.push(edit.recipient);
        break;
      case 'remove-recipient':
        this.transaction.removeRecipient(edit.address);
        break;
      default:
        edit satisfies never;
    }
  }

  #note(stage: string, result: StageResult): void {
    const results = this.hasTransaction
      ? (this.#messageResults ??= new Map())
      : (this.#sessionResults ??= new Map());
    results.set(stage, result);
  }
}
