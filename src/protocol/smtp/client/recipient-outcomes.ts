// The outcomes of the recipients of one transaction.
// Promises: each recipient gets exactly one outcome, and later ones do not replace it.

import { quotedAnswer } from './reply-text.ts';
import type { ClientRecipient, RecipientOutcome, RemoteReply, SessionFailure } from './client-types.ts';

export class RecipientOutcomes {
  /** The number of recipients without an outcome. */
  undecided: number;
  readonly #outcomes: (RecipientOutcome | undefined)[];
  /** In LMTP: all recipients before this one have their outcome. */
  #answered = 0;

  constructor(recipients: readonly ClientRecipient[]) {
    this.#outcomes = recipients.map(() => undefined);
    this.undecided = recipients.length;
  }

  decide(outcome: RecipientOutcome): void {
    if (this.#outcomes[outcome.recipient] !== undefined) return;
    this.#outcomes[outcome.recipient] = outcome;
    this.undecided--;
  }

  /** The reply to the content delivers to all recipients without an outcome. */
  deliverRest(reply: RemoteReply): void {
    this.#decideRest((recipient) => ({ recipient, result: 'delivered', reply }));
  }

  /** A reply to the content for the next recipient without an outcome (LMTP, RFC 2033 4.2). */
  answerNext(reply: RemoteReply): void {
    const outcomes = this.#outcomes;
    while (this.#answered < outcomes.length && outcomes[this.#answered] !== undefined) this.#answered++;
    if (this.#answered === outcomes.length) return;
    const recipient = this.#answered;
    const isDelivered = reply.code < 300;
    if (isDelivered) this.decide({ recipient, result: 'delivered', reply });
    else this.decide({ recipient, result: resultOf(reply), failure: { kind: 'reply', reply } });
  }

  /** All recipients without an outcome are refused by this reply. */
  refuseRest(reply: RemoteReply, result = resultOf(reply)): void {
    this.#failRest(result, { kind: 'reply', reply });
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

  /** Takes back what replies have decided for good: they may have been for something else. */
  doubtReplies(): void {
    for (const [recipient, outcome] of this.#outcomes.entries()) {
      const isByReply =
        outcome?.result === 'delivered' ||
        (outcome?.result === 'permfail' && outcome.failure.kind === 'reply');
      if (!isByReply) continue;
      this.#outcomes[recipient] = undefined;
      this.undecided++;
    }
  }

  /** The outcomes in the order of the recipients. @param reason - of the temporary failure of recipients without an outcome */
  finish(reason?: SessionFailure): RecipientOutcome[] {
    if (reason !== undefined) this.#failRest('tempfail', reason);
    return this.#outcomes.filter((outcome) => outcome !== undefined);
  }

  /** All recipients without an outcome fail for this reason. */
  #failRest(result: 'tempfail' | 'permfail', failure: SessionFailure): void {
    this.#decideRest((recipient) => ({ recipient, result, failure }));
  }

  #decideRest(outcome: (recipient: number) => RecipientOutcome): void {
    if (this.undecided === 0) return;
    for (let recipient = 0; recipient < this.#outcomes.length; recipient++) {
      if (this.#outcomes[recipient] === undefined) this.decide(outcome(recipient));
    }
  }
}

/** RFC 5321 4.2.1: what the first digit of a refusal says. */
function resultOf({ code }: RemoteReply): 'tempfail' | 'permfail' {
  return code >= 500 ? 'permfail' : 'tempfail';
}
