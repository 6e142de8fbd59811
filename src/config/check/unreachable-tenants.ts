// Finds tenants that no message can belong to, because an earlier tenant of the file takes all of their mail.

import type { TenantConfig } from '../config.ts';
import type { SenderPattern } from '../../values/domain.ts';
import { contains, type Network } from '../../values/network.ts';

/** One tenant that no message can belong to. */
export interface UnreachableTenant {
  readonly index: number;
  /** Index of an earlier tenant that takes its messages. */
  readonly takenBy: number;
}

interface Taken {
  readonly by: number;
  /** Empty: any client. */
  readonly client: readonly Network[];
}

const anySender = '';

/** Compares single senders and networks: a tenant whose sender or network only several others together cover is not found. */
export function unreachableTenants(tenants: readonly TenantConfig[]): UnreachableTenant[] {
  const found: UnreachableTenant[] = [];
  const taken = new Map<string, Taken[]>();
  for (const [index, { sender, client, user = [] }] of tenants.entries()) {
    const senderKeys = sender.length === 0 ? [[anySender]] : sender.map(keysOf);
    const takers = senderKeys.map((keys) =>
      takerOf(
        keys.flatMap((key) => taken.get(key) ?? []),
        client,
      ),
    );
    const takenBy = takers[0];
    if (takenBy !== undefined && !takers.includes(undefined)) {
      found.push({ index, takenBy });
      continue;
    }
    // One of some users takes all mail from no other.
    if (user.length > 0) continue;
    for (const [key = anySender] of senderKeys) {
      const list = taken.get(key) ?? [];
      list.push({ by: index, client });
      taken.set(key, list);
    }
  }
  return found;
}

/** The key of the pattern itself, then the keys of wider patterns. */
function keysOf(pattern: SenderPattern): string[] {
  if (pattern.kind === 'null') return ['<>', anySender];
  if (pattern.kind === 'domain') return [pattern.domain, anySender];
  // Tenants match the local part without regard to case.
  return [`${pattern.localPart.toLowerCase()}@${pattern.domain}`, pattern.domain, anySender];
}

/** The first candidate, if candidates take all these clients; undefined when some clients are left over. */
function takerOf(candidates: readonly Taken[], client: readonly Network[]): number | undefined {
  const takes = ({ client: theirs }: Taken, network: Network | undefined): boolean =>
    theirs.length === 0 || (network !== undefined && theirs.some((each) => contains(each, network)));
  const takers = (client.length === 0 ? [undefined] : client).map((network) =>
    candidates.find((candidate) => takes(candidate, network)),
  );
  return takers.includes(undefined) ? undefined : takers[0]?.by;
}
