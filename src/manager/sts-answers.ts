// The operator's question about the MTA-STS policy of a domain.

import type { StsAnswer, StsQuestion } from '../control/operations/sts.ts';
import type { PolicyKeeper } from '../sts/policy-keeper.ts';
import { stsPolicyLines } from '../sts/sts-policy.ts';

export interface StsAnswersParts {
  readonly keeper: PolicyKeeper;
  /** Unix ms. */
  readonly dateMs: () => number;
}

export async function answerAboutSts(
  { keeper, dateMs }: StsAnswersParts,
  { domain, purge }: StsQuestion,
): Promise<StsAnswer> {
  const renewal = purge ? await keeper.renew(domain) : null;
  const record = await keeper.recordOf(domain);
  // Fetches a policy that is not known yet, as mail would.
  if (record !== undefined) await keeper.policyOf(domain);
  const { known, endsAtMs = 0, failure } = keeper.about(domain);
  const hosts = await keeper.hostsOf(domain);
  return {
    nowMs: dateMs(),
    isOn: record !== undefined,
    renewal,
    record: record ?? null,
    policy:
      known === undefined
        ? null
        : {
            id: known.id,
            mode: known.policy.mode,
            lines: stsPolicyLines(known.policy),
            fetchedAtMs: known.fetchedAtMs,
            endsAtMs,
          },
    failure: failure ?? null,
    hosts,
  };
}
