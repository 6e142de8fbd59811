// What the addresses of an envelope become by the rewriting stages that mail meets, without handing it in.

import type { ShownRewriting, StagesAnswer } from '../../control/operations/stages.ts';
import { errorText } from '../../policy/error-text.ts';
import { answered } from '../../policy/rewriting/asking.ts';
import type { Stage } from '../../policy/stage.ts';
import type { RewritingStage } from '../../policy/stages/rewriting-stage.ts';

/** An envelope, and whose mail it is. */
export interface ShownEnvelope {
  readonly from: string;
  readonly to: readonly string[];
  /** Empty for none. */
  readonly tenant: string;
}

/** @param met - the stages that the mail meets, in their order. @returns undefined where none of them rewrites addresses of an envelope */
export async function metRewriting(
  met: readonly Stage[],
  { from, to, tenant }: ShownEnvelope,
): Promise<StagesAnswer['rewritten']> {
  const stages = met.filter((stage): stage is RewritingStage => 'rewriter' in stage);
  const ofSender = stages.filter(({ mail }) => mail !== undefined);
  const ofRecipients = stages.filter(({ rcpt }) => rcpt !== undefined);
  if (ofSender.length === 0 && ofRecipients.length === 0) return undefined;
  const rewritten = (
    address: string,
    by: readonly RewritingStage[],
    of: 'envelope-sender' | 'envelope-recipient',
  ) => rewrittenBy(address, by, of, tenant);
  const sender = await rewritten(from, ofSender, 'envelope-sender');
  const recipients: ShownRewriting[] = [];
  for (const each of to) recipients.push(await rewritten(each, ofRecipients, 'envelope-recipient'));
  return { sender, recipients };
}

async function rewrittenBy(
  address: string,
  stages: readonly RewritingStage[],
  of: 'envelope-sender' | 'envelope-recipient',
  tenant: string,
): Promise<ShownRewriting> {
  let becomes = address;
  try {
    for (const { rewriter } of stages) {
      if (becomes === '' || !rewriter.isFor(of, tenant)) continue;
      [becomes = becomes] = await answered(rewriter.rewrite([becomes], of, { tenant, smtpUtf8: true }));
    }
    return { address, becomes };
  } catch (error) {
    return { address, becomes: address, fault: errorText(error) };
  }
}
