// What one message adds to the aggregate report of the domain whose DMARC policy it came under (RFC 9990 3.1.1). Pure.

import type { DmarcPolicy, DmarcRecord } from '../dmarc/parse-record.ts';
import type { Findings } from './findings.ts';
import { actionFor, type Policy } from './policy.ts';
import { configKey } from './told.ts';

/** RFC 9990 3.1.6: why a message was not treated as its domain asks for. */
export interface OverrideReason {
  readonly type: 'local_policy' | 'other' | 'policy_test_mode' | 'trusted_forwarder';
  readonly comment: string;
}

/** The facts that messages of one `record` have in common (RFC 9990 3.1.1.7). */
export interface AggregateRow {
  readonly sourceIp: string;
  /** RFC 9990 3.1.1.9; `pass`: DMARC has passed, and the policy would have done something otherwise. */
  readonly disposition: 'none' | 'pass' | 'quarantine' | 'reject';
  /** Aligned with the author. */
  readonly dkim: 'pass' | 'fail';
  readonly spf: 'pass' | 'fail';
  readonly reasons: readonly OverrideReason[];
  readonly headerFrom: string;
  /** The domain of MAIL FROM; empty for the null path. */
  readonly envelopeFrom: string;
  readonly signatures: readonly {
    readonly domain: string;
    readonly selector: string;
    readonly result: string;
  }[];
  readonly spfResult: { readonly domain: string; readonly result: string };
}

/** What the domain publishes (RFC 9990 3.1.1.5). */
export interface PublishedPolicy extends Pick<DmarcRecord, 'p' | 'adkim' | 'aspf' | 'isTest' | 'fo'> {
  readonly domain: string;
  /** As given, or by default. */
  readonly sp: DmarcPolicy;
  readonly np: DmarcPolicy;
}

export interface AggregatedMail {
  readonly policy: PublishedPolicy;
  readonly row: AggregateRow;
}

/** RFC 9990 3.1.3 suggests at most 100; the verification looks at no more than these. */
const maxSignatures = 10;
/** Longest text that comes from a client or the DNS. */
const maxText = 255;

/**
 * @param reversePath - without brackets
 * @returns undefined where no domain wants to hear of it: no policy, no address for reports, a From that nobody knows the author of
 */
export function aggregatedMail(
  findings: Findings,
  policy: Policy,
  isTest: boolean,
  reversePath: string,
): AggregatedMail | undefined {
  const { client, dmarc, spf, authorFault } = findings;
  const { record, policyDomain, aligned, author } = dmarc;
  if (record === undefined || record.rua === '' || authorFault !== undefined || client === '')
    return undefined;
  const { p, adkim, aspf, isTest: ownerTests, fo } = record;
  const sp = record.sp ?? p;
  const np = record.np ?? sp;
  return {
    policy: { domain: policyDomain, p, sp, np, adkim, aspf, isTest: ownerTests, fo: fo.slice(0, maxText) },
    row: {
      // A zone is a name of this host alone (RFC 4007 11).
      sourceIp: client.replace(/%.*/, ''),
      ...treatment(findings, policy, isTest),
      dkim: aligned.includes('dkim') ? 'pass' : 'fail',
      spf: aligned.includes('spf') ? 'pass' : 'fail',
      headerFrom: author,
      envelopeFrom: reversePath === '' ? '' : spf.mailFrom.domain.slice(0, maxText),
      signatures: signaturesOf(findings),
      spfResult: { domain: spf.mailFrom.domain.slice(0, maxText), result: spf.mailFrom.result },
    },
  };
}

/** What DMARC came to, and why it was not what the domain asks for. */
function treatment(
  { arc, dmarc }: Findings,
  policy: Policy,
  isTest: boolean,
): Pick<AggregateRow, 'disposition' | 'reasons'> {
  const { policy: asked, record, result } = dmarc;
  const reasons: OverrideReason[] = [];
  if (result === 'pass') return { disposition: asked === 'none' ? 'none' : 'pass', reasons };
  if (record?.isTest === true) reasons.push({ type: 'policy_test_mode', comment: '' });
  if (result !== 'fail') {
    reasons.push({ type: 'other', comment: `DMARC could not be told: ${result}` });
    return { disposition: 'none', reasons };
  }
  if (arc?.vouches === true) {
    reasons.push({ type: 'trusted_forwarder', comment: 'arc=pass' });
    return { disposition: 'none', reasons };
  }
  const action = isTest ? 'mark' : actionFor('dmarcFail', policy, asked);
  const disposition = action === 'quarantine' || action === 'reject' ? action : 'none';
  if (disposition !== asked) {
    const comment = isTest ? 'verification is being tested' : `${configKey('dmarcFail')} = ${action}`;
    reasons.push({ type: 'local_policy', comment });
  }
  return { disposition, reasons };
}

/** RFC 9990 3.1.3: first those that pass for the author's own domain, then others that pass, then the rest. */
function signaturesOf({ signatures, dmarc }: Findings): AggregateRow['signatures'] {
  const rank = (domain: string, result: string): number =>
    result !== 'pass' ? 2 : domain === dmarc.author ? 0 : 1;
  return signatures
    .filter(({ method, domain, selector }) => method === 'dkim' && domain !== '' && selector !== '')
    .toSorted((a, b) => rank(a.domain, a.result) - rank(b.domain, b.result))
    .slice(0, maxSignatures)
    .map(({ domain, selector, result }) => ({
      domain: domain.slice(0, maxText),
      selector: selector.slice(0, maxText),
      result,
    }));
}
