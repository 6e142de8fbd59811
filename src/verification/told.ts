// What is told of a verification: in the header, in the log, and to the stages that come after.

import { authenticationResults, type Method } from './authentication-results.ts';
import { type ClientFindings, type Findings, signatureResult } from './findings.ts';
import { actionFor, type Judgement, keysOf, type Policy, type PolicyKey } from './policy.ts';

/** The key as it is written in the configuration: `spf_fail`. */
export function configKey(key: PolicyKey): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Why a message was treated as it was: `dmarc_fail (no authenticated domain is aligned with example.com)`. */
export function written({ key }: Judgement, findings: Findings): string {
  if (key === undefined) return 'everything has passed';
  return `${configKey(key)} (${reasonOf(key, findings)})`;
}

function reasonOf(key: PolicyKey, { iprev, spf, signatures, dmarc, authorFault }: Findings): string {
  if (key.startsWith('spf')) return spf.mailFrom.reason;
  if (key.startsWith('iprev')) return iprev.reason;
  if (key === 'dmarcPermerror' && authorFault !== undefined) return authorFault;
  if (key.startsWith('dmarc')) return dmarc.reason;
  const [first] = signatures;
  return first === undefined ? 'there is no signature' : (first.reason ?? 'no signature is valid');
}

/**
 * The value of our Authentication-Results field.
 * @param wouldBe - what would have become of the message if this was no test; undefined when it is none
 */
export function resultsField(
  findings: Findings,
  policy: Policy,
  authservId: string,
  wouldBe: Judgement | undefined,
): string {
  const leftOut = new Set<Method>();
  const methods: readonly Method[] = ['iprev', 'spf', 'dkim', 'dmarc'];
  for (const method of methods) {
    const key = keysOf(findings)[method];
    // "accept" is for results that nobody wants to see.
    if (key !== undefined && actionFor(key, policy, findings.dmarc.policy) === 'accept') leftOut.add(method);
  }
  return authenticationResults(findings, { authservId, leftOut, comment: commentOf(wouldBe) });
}

function commentOf(wouldBe: Judgement | undefined): string {
  if (wouldBe === undefined) return '';
  const { action, key } = wouldBe;
  if (key === undefined || action === 'accept' || action === 'mark') return 'test: no consequence';
  return `test: ${configKey(key)} would ${action}`;
}

/** The fields of the log line `verified`. */
export function verifiedEvent(
  findings: ClientFindings & Partial<Findings>,
  { action, key }: Judgement,
  isTest: boolean,
  id: string,
  from: string,
) {
  const { client, helo, iprev, spf, signatures, dmarc } = findings;
  return {
    id,
    from,
    client: client === '' ? undefined : client,
    helo,
    spf: spf.mailFrom.result,
    spfDomain: spf.mailFrom.domain,
    spfReason: spf.mailFrom.reason,
    spfHelo: spf.helo?.result,
    dkim: signatures?.map(({ result, domain, selector }) => `${result} ${domain}/${selector}`),
    dmarc: dmarc?.result,
    dmarcPolicy: dmarc === undefined || dmarc.policyDomain === '' ? undefined : dmarc.policy,
    author: dmarc?.author,
    arc: findings.arc?.result,
    arcSealers: findings.arc?.sealers,
    iprev: iprev.result,
    clientName: iprev.name === '' ? undefined : iprev.name,
    action: isTest ? undefined : action,
    wouldBe: isTest ? action : undefined,
    rule: key === undefined ? undefined : configKey(key),
  };
}

/** What is known of it at DATA. */
export function clientResult({ iprev, spf }: ClientFindings): Readonly<Record<string, string>> {
  return {
    iprev: iprev.result,
    clientName: iprev.name,
    spf: spf.mailFrom.result,
    spfDomain: spf.mailFrom.domain,
    spfHelo: (spf.helo ?? spf.mailFrom).result,
  };
}

/** For stages that are asked later; docs/verification.md lists the names. */
export function stageResult(findings: Findings, { action }: Judgement): Readonly<Record<string, string>> {
  const { signatures, dmarc, arc } = findings;
  const passed = signatures.filter(({ method, result }) => method === 'dkim' && result === 'pass');
  return {
    ...clientResult(findings),
    dkim: signatureResult(signatures),
    dkimDomains: [...new Set(passed.map(({ domain }) => domain))].join(' '),
    dmarc: dmarc.result,
    dmarcPolicy: dmarc.policy,
    author: dmarc.author,
    arc: arc === undefined ? '' : arc.vouches ? 'trusted' : arc.result,
    action,
  };
}
