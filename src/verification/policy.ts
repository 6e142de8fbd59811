// What becomes of a message by the results of its verification. An administrator gives an action for each result that is no pass; the
// most severe of those that apply counts.

import {
  type DmarcAction,
  type VerificationAction as Action,
  verificationActions as actions,
} from '../values/verification-action.ts';
import { type ClientFindings, type Findings, signatureResult } from './findings.ts';

/** The action for each result. */
export interface Policy {
  readonly iprevFail: Action;
  readonly iprevTemperror: Action;
  readonly spfFail: Action;
  readonly spfSoftfail: Action;
  readonly spfNone: Action;
  readonly spfPermerror: Action;
  readonly spfTemperror: Action;
  readonly dkimFail: Action;
  readonly dkimNone: Action;
  readonly dkimTemperror: Action;
  readonly dmarcFail: DmarcAction;
  readonly dmarcNone: Action;
  readonly dmarcPermerror: Action;
  readonly dmarcTemperror: Action;
}

export type PolicyKey = keyof Policy;

const policyKeys: readonly PolicyKey[] = [
  'iprevFail',
  'iprevTemperror',
  'spfFail',
  'spfSoftfail',
  'spfNone',
  'spfPermerror',
  'spfTemperror',
  'dkimFail',
  'dkimNone',
  'dkimTemperror',
  'dmarcFail',
  'dmarcNone',
  'dmarcPermerror',
  'dmarcTemperror',
];

/** What is done, and because of which result. */
export interface Judgement {
  readonly action: Action;
  /** Undefined when everything has passed. */
  readonly key: PolicyKey | undefined;
}

const passed: Judgement = { action: 'mark', key: undefined };

/** Judges what is known before the content. */
export function judgeClient(findings: ClientFindings, policy: Policy): Judgement {
  return mostSevere([iprevKey(findings), spfKey(findings)], policy, 'none');
}

/** Judges the whole message. */
export function judge(findings: Findings, policy: Policy): Judgement {
  const { iprev, spf, dkim, dmarc } = keysOf(findings);
  const keys = [dmarc, spf, dkim, iprev];
  // A From with a fault is one beside whatever DMARC says of its domains.
  if (findings.authorFault !== undefined) keys.push('dmarcPermerror');
  return mostSevere(keys, policy, findings.dmarc.policy);
}

/** The key of each method's result; undefined for a pass. */
export function keysOf(
  findings: Findings,
): Readonly<Record<'iprev' | 'spf' | 'dkim' | 'dmarc', PolicyKey | undefined>> {
  return {
    iprev: iprevKey(findings),
    spf: spfKey(findings),
    dkim: dkimKey(findings),
    // RFC 9989 5.4 leaves it to the receiver to believe somebody else.
    dmarc:
      findings.arc?.vouches === true && findings.dmarc.result === 'fail'
        ? undefined
        : dmarcKey(findings.dmarc.result),
  };
}

/** Can a result refuse a message: one about the client alone, or any? */
export function mayRefuse(policy: Policy, about: 'client' | 'message'): boolean {
  return policyKeys.some((key) => {
    if (about === 'client' && !key.startsWith('spf') && !key.startsWith('iprev')) return false;
    const action = policy[key];
    return action === 'reject' || action === 'tempfail' || action === 'policy';
  });
}

function dmarcKey(result: Findings['dmarc']['result']): PolicyKey | undefined {
  switch (result) {
    case 'pass':
      return undefined;
    case 'fail':
      return 'dmarcFail';
    case 'none':
      return 'dmarcNone';
    case 'permerror':
      return 'dmarcPermerror';
    case 'temperror':
      return 'dmarcTemperror';
  }
}

/** The action for a result. @param asked - what the owner of the author's domain asks for */
export function actionFor(key: PolicyKey, policy: Policy, asked: Findings['dmarc']['policy']): Action {
  const action = policy[key];
  if (action !== 'policy') return action;
  return asked === 'none' ? 'mark' : asked;
}

function mostSevere(
  keys: readonly (PolicyKey | undefined)[],
  policy: Policy,
  asked: Findings['dmarc']['policy'],
): Judgement {
  let judgement = passed;
  for (const key of keys) {
    if (key === undefined) continue;
    const action = actionFor(key, policy, asked);
    if (judgement.key === undefined || actions.indexOf(action) > actions.indexOf(judgement.action)) {
      judgement = { action, key };
    }
  }
  return judgement;
}

function iprevKey({ iprev }: ClientFindings): PolicyKey | undefined {
  switch (iprev.result) {
    case 'pass':
      return undefined;
    case 'fail':
    case 'permerror':
      return 'iprevFail';
    case 'temperror':
      return 'iprevTemperror';
  }
}

/** The HELO name is not judged: its result helps nobody whose MAIL FROM is in order (RFC 7208 2.3). */
function spfKey({ spf }: ClientFindings): PolicyKey | undefined {
  switch (spf.mailFrom.result) {
    case 'pass':
      return undefined;
    case 'fail':
      return 'spfFail';
    case 'softfail':
      return 'spfSoftfail';
    // RFC 7208 8.2: "neutral" must be treated like "none".
    case 'none':
    case 'neutral':
      return 'spfNone';
    case 'permerror':
      return 'spfPermerror';
    case 'temperror':
      return 'spfTemperror';
  }
}

function dkimKey({ signatures }: Findings): PolicyKey | undefined {
  switch (signatureResult(signatures)) {
    case 'pass':
      return undefined;
    case 'fail':
      return 'dkimFail';
    case 'none':
      return 'dkimNone';
    case 'temperror':
      return 'dkimTemperror';
  }
}
