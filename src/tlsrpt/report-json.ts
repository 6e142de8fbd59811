// A TLS report about one policy domain and one UTC day, as JSON (RFC 8460 4.4). Pure.

import type { FailureCount, PolicyCounts } from './session-counts.ts';

export interface ReportFacts {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly organization: string;
  /** A mail address for questions. */
  readonly contact: string;
  /** Unique for this report (RFC 8460 4.4). */
  readonly id: string;
}

export interface TlsReport {
  readonly 'organization-name': string;
  readonly 'date-range': { readonly 'start-datetime': string; readonly 'end-datetime': string };
  readonly 'contact-info': string;
  readonly 'report-id': string;
  readonly policies: readonly ReportPolicy[];
}

interface ReportPolicy {
  readonly policy: {
    readonly 'policy-type': string;
    readonly 'policy-string'?: readonly string[];
    readonly 'policy-domain': string;
    readonly 'mx-host'?: readonly string[];
  };
  readonly summary: {
    readonly 'total-successful-session-count': number;
    readonly 'total-failure-session-count': number;
  };
  readonly 'failure-details'?: readonly ReportFailure[];
}

interface ReportFailure {
  readonly 'result-type': string;
  readonly 'sending-mta-ip'?: string;
  readonly 'receiving-mx-hostname'?: string;
  readonly 'receiving-ip'?: string;
  readonly 'failed-session-count': number;
  readonly 'failure-reason-code'?: string;
}

export function tlsReport(facts: ReportFacts, counts: readonly PolicyCounts[]): TlsReport {
  const { day, organization, contact, id } = facts;
  return {
    'organization-name': organization,
    'date-range': { 'start-datetime': `${day}T00:00:00Z`, 'end-datetime': `${day}T23:59:59Z` },
    'contact-info': contact,
    'report-id': id,
    policies: counts.map(policyOf),
  };
}

function policyOf({ policy, successes, failures, details }: PolicyCounts): ReportPolicy {
  const { type, domain, strings, hosts } = policy;
  return {
    policy: {
      'policy-type': type,
      ...(strings.length > 0 && { 'policy-string': strings }),
      'policy-domain': domain,
      ...(hosts.length > 0 && { 'mx-host': hosts }),
    },
    summary: {
      'total-successful-session-count': successes,
      'total-failure-session-count': failures,
    },
    ...(details.length > 0 && { 'failure-details': details.map(failureOf) }),
  };
}

/** What is not known is left out, as others do. */
function failureOf({ result, sendingIp, host, receivingIp, reason, count }: FailureCount): ReportFailure {
  return {
    'result-type': result,
    ...(sendingIp !== '' && { 'sending-mta-ip': sendingIp }),
    ...(host !== '' && { 'receiving-mx-hostname': host }),
    ...(receivingIp !== '' && { 'receiving-ip': receivingIp }),
    'failed-session-count': count,
    ...(reason !== '' && { 'failure-reason-code': reason }),
  };
}
