// One verdict of DMARC for a message whose From has several domains, or is malformed (RFC 9989 5.3): the strictest. Programs for mail
// show one of the authors, and nobody knows which.

import type { DmarcVerdict } from '../dmarc/evaluate.ts';

/**
 * @param verdicts - for each domain in From
 * @param fault - what is wrong with From; undefined when it is in order
 * @returns never a pass for a From with a fault
 */
export function strictest(verdicts: readonly DmarcVerdict[], fault: string | undefined): DmarcVerdict {
  const [first, ...others] = verdicts;
  let worst = first;
  for (const verdict of others) if (worst === undefined || rank(verdict) > rank(worst)) worst = verdict;
  if (worst === undefined || (fault !== undefined && worst.result !== 'fail')) {
    return {
      result: 'permerror',
      author: worst?.author ?? '',
      policy: worst?.policy ?? 'none',
      policyDomain: worst?.policyDomain ?? '',
      record: worst?.record,
      aligned: [],
      reason: fault ?? 'there is no author',
    };
  }
  return worst;
}

function rank({ result, policy }: DmarcVerdict): number {
  switch (result) {
    case 'pass':
      return 0;
    case 'none':
      return 1;
    case 'permerror':
      return 2;
    case 'temperror':
      return 3;
    case 'fail':
      return 4 + ['none', 'quarantine', 'reject'].indexOf(policy);
  }
}
