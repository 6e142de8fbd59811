// Counts for TLS reports (RFC 8460): the sessions of each UTC day by policy, with the kinds of their failures. Pure. Promises: bounded in
// days, policies and kinds of failures; what exceeds a bound is still in the sums of its policy, or is not counted.

import type { TlsProblem } from '../values/tls-outcome.ts';

/** The policy that a session was under (RFC 8460 4.4). */
export interface ReportedPolicy {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found';
  /** Recipient domain, or the base domain of TLSA records (RFC 8460 3). */
  readonly domain: string;
  /** The lines of the policy, or the TLSA records. */
  readonly strings: readonly string[];
  /** The patterns of the policy, or the MX host. */
  readonly hosts: readonly string[];
}

/** Between whom a session failed. All empty when a policy failed, and no session. */
export interface SessionEnds {
  /** Our own address; empty when the system chose it. */
  readonly sendingIp: string;
  readonly host: string;
  readonly receivingIp: string;
}

export interface FailureCount extends SessionEnds {
  readonly result: TlsProblem['result'];
  /** Of the first of these, for people. */
  readonly reason: string;
  count: number;
}

export interface PolicyCounts {
  readonly policy: ReportedPolicy;
  successes: number;
  failures: number;
  readonly details: FailureCount[];
}

/** The counts of one day, to be kept. */
export interface DayCounts {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly policies: readonly PolicyCounts[];
}

/** RFC 8460 4.1 and 5.5: a report is about one day, and is given up after another one. Today and two days before it are kept. */
const maxDays = 3;
const maxPolicies = 5_000;
const maxDetails = 20;
const maxReasonLength = 200;

/** The UTC day of a date in Unix ms. */
export function dayOf(dateMs: number): string {
  return new Date(dateMs).toISOString().slice(0, 10);
}

export class SessionCounts {
  readonly #days = new Map<string, Map<string, PolicyCounts>>();

  succeeded(day: string, policy: ReportedPolicy): void {
    const counts = this.#of(day, policy);
    if (counts !== undefined) counts.successes++;
  }

  failed(day: string, policy: ReportedPolicy, { result, reason }: TlsProblem, ends: SessionEnds): void {
    const counts = this.#of(day, policy);
    if (counts === undefined) return;
    counts.failures++;
    const { sendingIp, host, receivingIp } = ends;
    const same = counts.details.find(
      (each) =>
        each.result === result &&
        each.host === host &&
        each.receivingIp === receivingIp &&
        each.sendingIp === sendingIp,
    );
    if (same !== undefined) same.count++;
    else if (counts.details.length < maxDetails) {
      const first = reason.slice(0, maxReasonLength);
      counts.details.push({ result, sendingIp, host, receivingIp, reason: first, count: 1 });
    }
  }

  /** The counts of the policies of a domain on a day; a policy that changed in the day is there more than once. */
  ofDomain(day: string, domain: string): readonly PolicyCounts[] {
    return [...(this.#days.get(day)?.values() ?? [])].filter(({ policy }) => policy.domain === domain);
  }

  get days(): readonly string[] {
    return [...this.#days.keys()];
  }

  /** The domains that a day has counts of. */
  domainsOf(day: string): ReadonlySet<string> {
    return new Set([...(this.#days.get(day)?.values() ?? [])].map(({ policy }) => policy.domain));
  }

  snapshot(): readonly DayCounts[] {
    return [...this.#days].map(([day, policies]) => ({ day, policies: [...policies.values()] }));
  }

  restore(days: readonly DayCounts[]): void {
    for (const { day, policies } of days) {
      const kept = new Map(policies.map((each) => [keyOf(each.policy), each]));
      this.#days.set(day, kept);
    }
    this.#dropOld();
  }

  #of(day: string, policy: ReportedPolicy): PolicyCounts | undefined {
    let policies = this.#days.get(day);
    if (policies === undefined) {
      this.#days.set(day, (policies = new Map<string, PolicyCounts>()));
      this.#dropOld();
    }
    const key = keyOf(policy);
    const known = policies.get(key);
    if (known !== undefined || policies.size >= maxPolicies) return known;
    const counts: PolicyCounts = { policy, successes: 0, failures: 0, details: [] };
    policies.set(key, counts);
    return counts;
  }

  #dropOld(): void {
    const old = [...this.#days.keys()].toSorted().slice(0, -maxDays);
    for (const day of old) this.#days.delete(day);
  }
}

function keyOf({ type, domain, strings }: ReportedPolicy): string {
  return `${type} ${domain} ${strings.join('\n')}`;
}
