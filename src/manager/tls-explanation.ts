// Explains TLS with the hosts of a plan: which policy each has, who asks for it, and what the last handshake gave.

import type { ExplainedTls, HostTls } from '../control/operations/explained-tls.ts';
import type { NextHopAddress, RoutePlan } from '../route/types.ts';
import type { KnownPolicy } from '../sts/known-policies.ts';
import type { StsPolicy } from '../values/sts-policies.ts';
import type { LastHandshake, LastHandshakes } from './last-handshakes.ts';

/** What is known about the MTA-STS policy of the domain now: the plan may have been made with another one. */
export interface LatestPolicy {
  readonly known: KnownPolicy | undefined;
  /** Unix ms from which on mail goes by it. */
  readonly fromMs: number;
}

/** Undefined: nothing is known about TLS there. @param latest - the policy that is known now; undefined: nobody has looked for one */
export function explainTls(
  plan: RoutePlan,
  handshakes: Pick<LastHandshakes, 'of'>,
  latest: LatestPolicy | undefined,
): ExplainedTls | undefined {
  const { tlsFacts } = plan;
  if (plan.kind === 'error' && tlsFacts === undefined) return undefined;
  const addresses = plan.kind === 'error' ? [] : plan.addresses;
  return {
    hosts: addresses.flatMap((hop) => (canHaveTls(hop) ? [hostTls(hop, handshakes.of(hop))] : [])),
    published: tlsFacts?.sts && {
      mode: tlsFacts.sts.mode,
      id: tlsFacts.sts.id,
      mx: tlsFacts.sts.mx,
      fetchedAtMs: tlsFacts.sts.fetchedAtMs,
      expiresAtMs: tlsFacts.sts.expiresAtMs,
    },
    leftOut: tlsFacts?.leftOut ?? [],
    next: latest && nextPolicy(tlsFacts?.sts, latest.known, latest.fromMs),
  };
}

/** The policy that mail will have when the plan is renewed, where that is another one. */
function nextPolicy(
  sts: StsPolicy | undefined,
  known: KnownPolicy | undefined,
  fromMs: number,
): ExplainedTls['next'] {
  if (known === undefined) return sts && { kind: 'none', fromMs };
  const { fetchedAtMs, id, policy } = known;
  const isSame = sts?.id === id && sts.mode === policy.mode && String(sts.mx) === String(policy.mx);
  return isSame ? undefined : { kind: 'policy', mode: policy.mode, id, mx: policy.mx, fetchedAtMs, fromMs };
}

function canHaveTls({ endpoint, transport }: NextHopAddress): boolean {
  return transport !== 'discard' && endpoint.kind === 'tcp';
}

function hostTls(hop: NextHopAddress, last: LastHandshake | undefined): HostTls {
  const tls = hop.tls;
  return {
    host: hop.host,
    endpoint: hop.key,
    // Without a policy, TLS is tried over SMTP alone.
    level: tls?.level ?? (hop.transport === 'smtp' ? 'opportunistic' : 'none'),
    from: tls?.from ?? 'default',
    policyDomain: tls?.policyDomain ?? '',
    last: last && { result: resultText(last), isFailure: last.outcome.kind === 'failed', atMs: last.atMs },
  };
}

function resultText({ outcome }: LastHandshake): string {
  switch (outcome.kind) {
    case 'secured': {
      const { cipher, problem, resumed, verification, version } = outcome;
      const known = problem === undefined ? verification : `${verification}: ${problem.reason}`;
      return `${version} ${cipher}${resumed ? ', resumed' : ''} (${known})`;
    }
    case 'clear':
      return `in clear: ${outcome.reason}`;
    case 'failed':
      return `failed: ${outcome.reason}`;
  }
}
