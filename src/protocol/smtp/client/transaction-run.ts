// One transaction on its way through a session: which recipient is being answered, and who has an outcome.
// Exactly one outcome per recipient; the first decision stands.

import { mailCommand, rcptCommand } from './commands.ts';
import { decideLocally } from './local-checks.ts';
import type {
  ClientSessionOptions,
  ClientTransaction,
  RecipientOutcome,
  RemoteReply,
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
    for (const { recipient, error } of local.failures) this.decide(recipient, 'permfail', undefined, error);
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
  refused(reply: RemoteReply, error: string): void {
    // RFC 5321 4.5.3.1.10: 552 can be an old server's "too many recipients", which is no failure for good.
    const tooMany =
      this.#somebodyAccepted && reply.code === 552 && (reply.enhanced === '' || reply.enhanced === '5.5.3');
    this.decide(this.#recipient, reply.code >= 500 && !tooMany ? 'permfail' : 'tempfail', reply, error);
  }

  decide(
    recipient: number,
    result: RecipientOutcome['result'],
    reply: RemoteReply | undefined,
    error: string,
  ): void {
    if (this.#outcomes[recipient] !== undefined) return;
    this.#outcomes[recipient] = { recipient, result, reply, error };
    this.undecided--;
  }

  /** The same outcome for everyone who has none. LMTP would decide one recipient per final reply instead. */
  decideRest(result: RecipientOutcome['result'], reply: RemoteReply | undefined, error: string): void {
    if (this.undecided === 0) return;
    for (let recipient = 0; recipient < this.#outcomes.length; recipient++) {
      this.decide(recipient, result, reply, error);
    }
  }

  /**
   * The connection broke after MAIL was refused for good and before the rest of its group was answered: RFC 2920 3.2 (5)
   * has every command answered, so that the refusal may be about the group. Its recipients are tried once more.
   */
  doubtMail(reason: string): void {
    for (const [recipient, outcome] of this.#outcomes.entries()) {
      if (outcome?.result !== 'permfail' || outcome.reply?.command !== 'MAIL') continue;
      const error = `${reason}, after ${outcome.error}`;
      this.#outcomes[recipient] = { recipient, result: 'tempfail', reply: undefined, error };
    }
  }

  /** The outcomes in the recipients' order. Whoever has none tempfails for `reason`. */
  finish(reason: string, reply?: RemoteReply): RecipientOutcome[] {
    this.decideRest('tempfail', reply, reason);
    return this.#outcomes.filter((outcome) => outcome !== undefined);
  }
}
