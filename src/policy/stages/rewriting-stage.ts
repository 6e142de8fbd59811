// Rewrites the addresses of a message while it is handed in: the sender at MAIL, each recipient at RCPT, and the fields of its header. Promises:
// a message is rewritten as a whole or not accepted; while a table cannot tell, and while it says what is no address, the client is told to
// try again.

import { answered, type Asking } from '../rewriting/asking.ts';
import { mostHeaderAddresses, rewrittenFields } from '../rewriting/header-rewriting.ts';
import type { Rewriter } from '../rewriting/rewriter.ts';
import { TableFailure } from '../rewriting/rewriting-error.ts';
import {
  type Answer,
  type Audience,
  goOn,
  type Stage,
  type TransactionFacts,
  type Verdict,
} from '../stage.ts';

/** RFC 3463 3.4: a fault of our own system. */
const cannotTell: Verdict = {
  kind: 'tempfail',
  reply: { code: 451, enhanced: '4.3.0', text: 'Addresses cannot be rewritten now, try again later' },
};
/** RFC 3463 3.4, X.3.4: the message is larger than this system takes. */
const tooMany: Verdict = {
  kind: 'reject',
  reply: {
    code: 552,
    enhanced: '5.3.4',
    text: `The header has more than ${mostHeaderAddresses} addresses, which is more than are rewritten here`,
  },
};

/** What a stage rewrites. */
export interface RewritingParts {
  readonly name: string;
  readonly audience: Audience;
  readonly rewriter: Rewriter;
  /** Completes names without a domain. */
  readonly hostname: string;
  /** Of the points at which there are addresses, those at which it is asked. */
  readonly points: readonly ('mail' | 'rcpt' | 'headers')[];
}

/** The stage for recipients of strangers. Its result has `given` and `address`, if it has rewritten the present one. */
export const rewritingOfRecipients = 'rewriting-recipients';

/** A stage that rewrites addresses, which can be asked what an address becomes. */
export interface RewritingStage extends Stage {
  readonly rewriter: Rewriter;
}

/**
 * A stage without a method for what no rule is for, so that mail costs nothing there.
 * @returns undefined when there is nothing for it to do
 */
export function rewritingStage(parts: RewritingParts): RewritingStage | undefined {
  const { name, audience, rewriter, points } = parts;
  const doesHeader = rewriter.has('header-sender') || rewriter.has('header-recipient');
  const methods: Pick<Stage, 'mail' | 'rcpt' | 'headers'> = {
    ...(points.includes('mail') && rewriter.has('envelope-sender') && mailOf(parts)),
    ...(points.includes('rcpt') && rewriter.has('envelope-recipient') && rcptOf(parts)),
    ...(points.includes('headers') && doesHeader && headersOf(parts)),
  };
  return Object.keys(methods).length === 0
    ? undefined
    : { name, audience, isAskedAfterAccept: true, rewriter, ...methods };
}

function mailOf({ rewriter }: RewritingParts): Pick<Stage, 'mail'> {
  return {
    mail({ transaction }) {
      const { reversePath } = transaction;
      // RFC 5321 4.5.5: the null sender is nobody's address.
      if (reversePath === '' || !rewriter.isFor('envelope-sender', transaction.tenant)) return goOn;
      return verdictOf(
        rewriter.rewrite([reversePath], 'envelope-sender', messageOf(transaction)),
        ([address = reversePath]) =>
          address === reversePath ? goOn : { kind: 'continue', edits: [{ kind: 'change-sender', address }] },
      );
    },
  };
}

function rcptOf({ rewriter }: RewritingParts): Pick<Stage, 'rcpt'> {
  return {
    rcpt({ recipient, transaction }) {
      const given = recipient.address;
      if (!rewriter.isFor('envelope-recipient', transaction.tenant)) return goOn;
      return verdictOf(
        rewriter.rewrite([given], 'envelope-recipient', messageOf(transaction)),
        ([address = given]) =>
          address === given
            ? unchanged
            : {
                kind: 'continue',
                // RFC 3461 5.2.1: an ORCPT that is added has the address that the client gave.
                edits: [{ kind: 'change-recipient', address, keepsOriginal: true }],
                result: { given, address },
              },
      );
    },
  };
}

/** Without the result of an earlier recipient. */
const unchanged: Verdict = { kind: 'continue', result: {} };

function headersOf({ rewriter, hostname }: RewritingParts): Pick<Stage, 'headers'> {
  return {
    headers({ header, transaction }) {
      const message = { ...messageOf(transaction), hostname };
      return verdictOf(rewrittenFields(header.fields, rewriter, message), (edits) =>
        edits === 'too-many' ? tooMany : edits.length === 0 ? goOn : { kind: 'continue', edits },
      );
    },
  };
}

function messageOf({ tenant, params }: TransactionFacts): {
  readonly tenant: string;
  readonly smtpUtf8: boolean;
} {
  return { tenant, smtpUtf8: params.smtpUtf8 };
}

/** Other errors than those of a table are a failure of the stage: an administrator has to mend something. */
function verdictOf<Result>(asking: Asking<Result>, decide: (result: Result) => Verdict): Answer {
  try {
    const result = answered(asking);
    return result instanceof Promise ? result.then(decide).catch(withoutTable) : decide(result);
  } catch (error) {
    return withoutTable(error);
  }
}

function withoutTable(error: unknown): Verdict {
  if (error instanceof TableFailure) return cannotTell;
  throw error;
}
