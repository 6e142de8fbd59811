// One transaction in a session: the recipient that is being answered, and the outcomes so far.
// Promises: each recipient gets exactly one outcome, and later ones do not replace it.

import { mailCommand, rcptCommand } from './commands.ts';
import { decideLocally } from './local-checks.ts';
import { quotedAnswer } from './reply-text.ts';
import type {
  ClientSessionOptions,
  ClientTransaction,
  RecipientOutcome,
  RemoteReply,
  SessionFailure,
} from './client-types.ts';
import type { ServerExtensions } from './extensions.ts';

export class TransactionRun {
  readonly isPipelined: boolean;
  /** The number of recipients without an outcome. */
  undecided: number;
  readonly #transaction: ClientTransaction;
  readonly #extensions: ServerExtensions;
  readonly #outcomes: (RecipientOutcome | undefined)[];
  readonly #useUtf8: boolean;
  /** Recipients that failed before anything was sent; undefined when there are none. */
  readonly #notSent: ReadonlySet<number> | undefined;
  /** The index of the recipient whose RCPT is being sent or answered. */
  #recipient = -1;
  #isAnyAccepted = false;
  readonly #repliesPerRecipient: boolean;
  /** In LMTP: all recipients before this one have their outcome. */
  #answered = 0;

  /** Recipients to which this server cannot deliver the message get their outcome at once. */
  constructor(transaction: ClientTransaction, extensions: ServerExtensions, options: ClientSessionOptions) {
    this.#transaction = transaction;
    this.#extensions = extensions;
    this.#repliesPerRecipient = options.dialect?.repliesPerRecipient === true;
    this.isPipelined = extensions.pipelining && options.pipelining !== false;
    this.#outcomes = transaction.recipients.map(() => undefined);
    this.undecided = this.#outcomes.length;
    const local = decideLocally(transaction, extensions, options.downgrade8bit);
    this.#useUtf8 = local.useUtf8;
    for (const { recipient, failure } of local.failures)
      this.#decide({ recipient, result: 'permfail', failure });
    this.#notSent =
      local.failures.length === 0 ? undefined : new Set(local.failures.map(({ recipient }) => recipient));
  }

  /** The first commands to send: MAIL, or with PIPELINING the whole group with DATA at its end (RFC 2920 3.1). */
  openingCommands(): string {
    let commands = mailCommand(this.#transaction, this.#extensions, this.#useUtf8);
    if (this.isPipelined) {
      while (this.nextRecipient()) commands += this.rcptCommand();
      commands += 'DATA\r\n';
      this.#recipient = -1;
    }
    return commands;
  }

  /** Moves to the next recipient that is sent to the server; false when there is none. */
  nextRecipient(): boolean {
    do this.#recipient++;
    while (this.#notSent?.has(this.#recipient));
    return this.#recipient < this.#outcomes.length;
  }

  /** The RCPT command of the current recipient. */
  rcptCommand(): string {
    const recipient = this.#transaction.recipients[this.#recipient];
    return recipient === undefined ? '' : rcptCommand(recipient, this.#extensions, this.#useUtf8);
  }

  /** The current recipient was accepted. */
  accepted(): void {
    this.#isAnyAccepted = true;
  }

  /** The current recipient was refused with a 4xx or 5xx reply. */
  refused(reply: RemoteReply): void {
    // RFC 5321 4.5.3.1.10: 552 can be an old server's "too many recipients", which is a temporary failure.
    const tooMany =
      this.#isAnyAccepted && reply.code === 552 && (reply.enhanced === '' || reply.enhanced === '5.5.3');
    const result = reply.code >= 500 && !tooMany ? 'permfail' : 'tempfail';
    this.#decide({ recipient: this.#recipient, result, failure: { kind: 'reply', reply } });
  }

  #decide(outcome: RecipientOutcome): void {
    if (this.#outcomes[outcome.recipient] !== undefined) return;
    this.#outcomes[outcome.recipient] = outcome;
    this.undecided--;
  }

  /** A reply to the content: for all recipients without an outcome, or in LMTP for the next of them (RFC 2033 4.2). */
  contentAnswered(reply: RemoteReply): void {
    if (this.#repliesPerRecipient) this.#answerNext(reply);
    else if (reply.code >= 400) this.refuseRest(reply);
    else this.#decideRest((recipient) => ({ recipient, result: 'delivered', reply }));
  }

  #answerNext(reply: RemoteReply): void {
    const outcomes = this.#outcomes;
    while (this.#answered < outcomes.length && outcomes[this.#answered] !== undefined) this.#answered++;
    if (this.#answered === outcomes.length) return;
    const recipient = this.#answered;
    const isDelivered = reply.code < 300;
    if (isDelivered) this.#decide({ recipient, result: 'delivered', reply });
    else this.#decide({ recipient, result: resultOf(reply), failure: { kind: 'reply', reply } });
  }

  /** All recipients without an outcome are refused by this reply. */
  refuseRest(reply: RemoteReply): void {
    this.#failRest(resultOf(reply), { kind: 'reply', reply });
  }

  /** All recipients without an outcome fail for this reason. */
  #failRest(result: 'tempfail' | 'permfail', failure: SessionFailure): void {
    this.#decideRest((recipient) => ({ recipient, result, failure }));
  }

  #decideRest(outcome: (recipient: number) => RecipientOutcome): void {
    if (this.undecided === 0) return;
    for (let recipient = 0; recipient < this.#outcomes.length; recipient++) {
      if (this.#outcomes[recipient] === undefined) this.#decide(outcome(recipient));
    }
  }

  /**
   * Turns a permanent refusal of MAIL into a temporary one, because the connection broke before the rest of its group was answered.
   * A server that supports PIPELINING answers every command (RFC 2920 3.2 (5)), so it may have refused the group, and not the sender.
   */
  makeMailRefusalTemporary(reason: Extract<SessionFailure, { readonly kind: 'broken' }>): void {
    for (const [recipient, outcome] of this.#outcomes.entries()) {
      if (outcome?.result !== 'permfail' || outcome.failure.kind !== 'reply') continue;
      const { reply } = outcome.failure;
      if (reply.command !== 'MAIL') continue;
      const failure = { ...reason, text: `${reason.text}, after the reply ${quotedAnswer(reply)}` };
      this.#outcomes[recipient] = { recipient, result: 'tempfail', failure };
    }
  }

  /** The outcomes in the order of the recipients. @param reason - of the temporary failure of recipients without an outcome */
  finish(reason?: SessionFailure): RecipientOutcome[] {
    if (reason !== undefined) this.#failRest('tempfail', reason);
    return this.#outcomes.filter((outcome) => outcome !== undefined);
  }
}

/** RFC 5321 4.2.1: what the first digit of a refusal says. */
function resultOf({ code }: RemoteReply): 'tempfail' | 'permfail' {
  return code >= 500 ? 'permfail' : 'tempfail';
}
