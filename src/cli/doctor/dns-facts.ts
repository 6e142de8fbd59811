// Asks each name server for itself what `dns.ts` judges.

import { randomBytes } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import { createResolver, readResolvConf } from '../../dns/resolver.ts';
import type { NameServer, Resolver } from '../../dns/types.ts';
import { parseSmarthost } from '../../route/smarthost-resolution.ts';
import type { Check } from './check.ts';
import { type DnsFacts, dnsFindings, type MissingHost, type ServerFacts, type ServerState } from './dns.ts';
import { systemText } from './system-text.ts';
import { isIP } from '../../values/ip-version.ts';

/** For each of two tries: a server that needs longer is of no use for mail. */
const answerWithinMs = 2_000;
/** A signed zone of the Internet's own, with NSEC records, so that also "no such record" is validated. */
const signedZone = 'arpa';
/** A top-level domain that anybody's name could be in. */
const anybodysZone = 'com';

export const dns: Check = {
  kind: 'dns',
  subject: 'the name servers',
  look: async ({ dns: facts }) => dnsFindings(await facts()),
};

export async function dnsFacts(config: Config, resolver: Resolver, isOffline: boolean): Promise<DnsFacts> {
  if (isOffline) return { kind: 'offline' };
  const servers = nameServers(config);
  const states = await Promise.all(servers.map(stateOf));
  const asked = servers.map(({ address, port }, at): ServerFacts => ({
    address,
    port,
    isLoopback: address === '::1' || address.startsWith('127.'),
    state: states[at] ?? { kind: 'silent', reason: 'it was not asked' },
  }));
  const isUp = states.some(({ kind }) => kind === 'answers');
  return {
    kind: 'asked',
    servers: asked,
    isTrusted: config.dns.validating,
    missingHosts: isUp ? await missingHosts(config, resolver) : [],
    searchDomains: searchDomainsIn((await systemText('/etc/resolv.conf')) ?? ''),
  };
}

function nameServers({ dns: { servers } }: Config): readonly NameServer[] {
  return servers?.map(({ host, port }) => ({ address: host, port })) ?? readResolvConf().servers;
}

/** The last `search` or `domain` line counts (resolv.conf(5)). */
export function searchDomainsIn(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/u));
  const last = lines.findLast(([keyword]) => keyword === 'search' || keyword === 'domain');
  return (last ?? []).slice(1).filter((each) => each !== '.');
}

async function stateOf(server: NameServer): Promise<ServerState> {
  const one = createResolver({
    servers: [server],
    timeoutMs: answerWithinMs,
    attempts: 2,
    validating: true,
    maxTtlSeconds: 60,
    minTtlSeconds: 0,
    negativeTtlSeconds: 60,
    maxEntries: 10,
    maxInFlight: 10,
    hangingMs: answerWithinMs,
    maxHanging: 10,
  });
  try {
    const first = await one.addresses(signedZone, 4);
    if (first.kind === 'failed') {
      const { outage } = one;
      return outage === undefined
        ? { kind: 'refuses', reason: first.reason }
        : { kind: 'silent', reason: outage.reason.replace(`${server.address}: `, '') };
    }
    // Again, because only now it is sure to have the answer at hand.
    one.flush();
    const start = performance.now();
    const again = await one.addresses(signedZone, 4);
    const latencyMs = performance.now() - start;
    // Twelve random letters: nobody has registered them.
    const stranger = await one.addresses(
      `${randomBytes(6).toString('hex')}-sluice-doctor.${anybodysZone}`,
      4,
    );
    return {
      kind: 'answers',
      latencyMs,
      isValidated: again.kind !== 'failed' && again.authenticated,
      madeUp: stranger.kind === 'found' ? stranger.records[0] : undefined,
    };
  } finally {
    one.close();
  }
}

/** Smarthosts and servers of other protocols without an address. */
async function missingHosts({ route }: Config, resolver: Resolver): Promise<readonly MissingHost[]> {
  const named = route.flatMap((each) => {
    if (each.kind === 'relay') return each.relay.map(({ host }) => ({ key: 'relay', host }));
    const { kind } = each;
    if (kind !== 'lmtp' && kind !== 'qmqp' && kind !== 'qmtp') return [];
    const servers = kind === 'lmtp' ? each.lmtp : each.servers;
    return servers.flatMap((server) => (server.kind === 'host' ? [{ key: kind, host: server.host }] : []));
  });
  const names = [...new Map(named.map((each) => [each.host, each])).values()].filter(
    ({ host }) => isIP(host) === 0 && parseSmarthost(host)?.kind === 'name',
  );
  const found = await Promise.all(
    names.map(async ({ key, host }): Promise<readonly MissingHost[]> => {
      const answers = await Promise.all([resolver.addresses(host, 4), resolver.addresses(host, 6)]);
      if (answers.some(({ kind }) => kind === 'found')) return [];
      const failed = answers.find((answer) => answer.kind === 'failed');
      return [{ host, key, failure: failed?.reason }];
    }),
  );
  return found.flat();
}
