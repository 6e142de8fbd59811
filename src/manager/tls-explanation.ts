// Explains TLS with the hosts of a plan: which policy each has, who asks for it, and what the last handshake gave.

import type { ExplainedTls, HostTls } from '../control/operations/explained-tls.ts';
import type { NextHopAddress, RelayPlan } from '../route/types.ts';
import type { LastHandshake, LastHandshakes } from './last-handshakes.ts';

export function explainTls(
  { addresses, tlsFacts }: RelayPlan,
  handshakes: Pick<LastHandshakes, 'of'>,
): ExplainedTls {
  return {
    hosts: addresses.flatMap((hop) => (canHaveTls(hop) ? [hostTls(hop, handshakes.of(hop.key))] : [])),
    published: tlsFacts?.sts && {
      mode: tlsFacts.sts.mode,
      id: tlsFacts.sts.id,
      mx: tlsFacts.sts.mx,
      fetchedAtMs: tlsFacts.sts.fetchedAtMs,
      expiresAtMs: tlsFacts.sts.expiresAtMs,
    },
    leftOut: tlsFacts?.leftOut ?? [],
  };
}

function canHaveTls({ endpoint, transport }: NextHopAddress): boolean {
  return transport !== 'discard' && endpoint.kind === 'tcp';
}

function hostTls(hop: NextHopAddress, last: LastHandshake | undefined): HostTls {
  const tls = hop.transport === 'discard' ? undefined : hop.tls;
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
