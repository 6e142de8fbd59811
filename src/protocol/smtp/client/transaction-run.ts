// One transaction on its way through a session: which recipient is being answered, and who has an outcome.
// Exactly one outcome per recipient; the first decision stands.

import { mailCommand, rcptCommand } from './commands.ts';
import { decideLocally } from './local-checks.ts';
import { answerText } from './reply-text.ts';
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
  /** Recipients without an outcome. */
  undecided: number;
  readonly #transaction: ClientTransaction;
  readonly #extensions: ServerExtensions;
  readonly #outcomes: (RecipientOutcome | undefined)[];
  readonly #useUtf8: boolean;
  /** Those that failed before anything was sent; undefined when there are none. */
  readonly #notSent: ReadonlySet<number> | undefined;
  /** The recipient whose RCPT is being sent or answered. */
  #recipient = -1;
  #somebodyAccepted = false;

  /** Decides at once whoever this server cannot be asked about. */
  constructor(transaction: ClientTransaction, extensions: ServerExtensions, options: ClientSessionOptions) {
    this.#transaction = transaction;
    this.#extensions = extensions;
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

  /** What is sent first: MAIL, or with PIPELINING the whole group with DATA at its end (RFC 2920 3.1). */
  opening(): string {
    let commands = mailCommand(this.#transaction, this.#extensions, this.#useUtf8);
    if (this.isPipelined) {
      while (this.nextRecipient()) commands += this.rcpt();
      commands += 'DATA\r\n';
      this.#recipient = -1;
    }
    return commands;
  }

  /** Goes on to the next recipient that is sent to the server; false when there is none. */
  nextRecipient(): boolean {
    do this.#recipient++;
    while (this.#notSent?.has(this.#recipient));
    return this.#recipient < this.#outcomes.length;
  }

  /** The RCPT command of the recipient at hand. */
  rcpt(): string {
    const recipient = this.#transaction.recipients[this.#recipient];
    return recipient === undefined ? '' : rcptCommand(recipient, this.#extensions, this.#useUtf8);
  }

  accepted(): void {
    this.#somebodyAccepted = true;
  }

  /** The recipient at hand was refused with a 4xx or 5xx reply. */
  refused(reply: RemoteReply): void {
    // RFC 5321 4.5.3.1.10: 552 can be an old server's "too many recipients", which is no failure for good.
    const tooMany =
      this.#somebodyAccepted && reply.code === 552 && (reply.enhanced === '' || reply.enhanced === '5.5.3');
    const result = reply.code >= 500 && !tooMany ? 'permfail' : 'tempfail';
    this.#decide({ recipient: this.#recipient, result, failure: { kind: 'reply', reply } });
  }

  #decide(outcome: RecipientOutcome): void {
    if (this.#outcomes[outcome.recipient] !== undefined) return;
    this.#outcomes[outcome.recipient] = outcome;
    this.undecided--;
  }

  /** Everyone who has no outcome was delivered. LMTP would decide one recipient per final reply instead. */
  delivered(reply: RemoteReply): void {
    this.#decideRest((recipient) => ({ recipient, result: 'delivered', reply }));
  }

  /** Everyone who has no outcome fails for the same reason. */
  failRest(result: 'tempfail' | 'permfail', failure: SessionFailure): void {
    this.#decideRest((recipient) => ({ recipient, result, failure }));
  }

  #decideRest(outcome: (recipient: number) => RecipientOutcome): void {
    if (this.undecided === 0) return;
    for (let recipient = 0; recipient < this.#outcomes.length; recipient++) {
      if (this.#outcomes[recipient] === undefined) this.#decide(outcome(recipient));
    }
  }

  /**
   * The connection broke after MAIL was refused for good and before the rest of its group was answered: RFC 2920 3.2 (5)
   * has every command answered, so that the refusal may be about the group. Its recipients are tried once more.
   */
  doubtMail(reason: Extract<SessionFailure, { readonly kind: 'broken' }>): void {
    for (const [recipient, outcome] of this.#outcomes.entries()) {
      if (outcome?.result !== 'permfail' || outcome.failure.kind !== 'reply') continue;
      const { reply } = outcome.failure;
      if (reply.command !== 'MAIL') continue;
      const failure = { ...reason, text: `${reason.text}, after ${answerText(reply)}` };
      this.#outcomes[recipient] = { recipient, result: 'tempfail', failure };
    }
  }

  /** The outcomes in the recipients' order. Whoever has none tempfails for this reason. */
  finish(reason?: SessionFailure): RecipientOutcome[] {
    if (reason !== undefined) this.failRest('tempfail', reason);
    return this.#outcomes.filter((outcome) => outcome !== undefined);
  }
}
