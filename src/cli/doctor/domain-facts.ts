// Looks up what own domains publish: those of [[signing_key]], and those of relay_domains.

import type { Config } from '../../config/config.ts';
import type { Resolver } from '../../dns/types.ts';
import { discoverPolicy } from '../../dmarc/evaluate.ts';
import { nodeTimers } from '../../io/timers.ts';
import { checkHost, mailFromQuery } from '../../spf/check-host.ts';
import { lookUpRecord } from '../../sts/look-up-record.ts';
import { type OpenSource, openSource } from '../../sts/open-source.ts';
import { configuredDomains, keysOf } from '../dkim-keys.ts';
import { publicationsOf } from '../published-keys.ts';
import { type Check, hasDns, type Patient } from './check.ts';
import { type DmarcState, type DomainFacts, domainFindings, type SendingFacts } from './domains.ts';
import type { MxHost, MxState, TakingFacts } from './inbound-domains.ts';
import { type Finding, notSeen } from './finding.ts';
import { deliversToMx, sourceAddresses } from './sources.ts';

/** Most domains that are looked up: each costs some ten questions. */
const mostDomains = 200;
/** Looked up at the same time. */
const atOnce = 10;
const httpsPort = 443;

export const domains: Check = { kind: 'domains', subject: 'the records of own domains', look };

async function look(patient: Patient): Promise<readonly Finding[]> {
  const { config, resolver } = patient;
  if (!(await hasDns(patient))) return [];
  const signed = new Set(configuredDomains(config));
  const taken = new Set(
    config.receive.relayDomains.flatMap((each) => (each.kind === 'exact' ? [each.domain] : [])),
  );
  const srs = config.srs?.domain;
  const all = [...new Set([...signed, ...(srs === undefined ? [] : [srs]), ...taken])];
  const chosen = all.slice(0, mostDomains);
  const policies = openSource({
    resolver,
    authorities: config.deliver.mtaStsAuthorities,
    ipv4: config.deliver.ipv4,
    ipv6: config.deliver.ipv6,
    timers: nodeTimers,
    port: httpsPort,
  });
  try {
    const addresses = await publicAddresses(config);
    const found: (readonly Finding[])[] = [];
    for (let at = 0; at < chosen.length; at += atOnce) {
      const facts = await Promise.all(
        chosen.slice(at, at + atOnce).map(async (domain): Promise<DomainFacts> => ({
          domain,
          sending:
            signed.has(domain) || domain === srs
              ? await sendingFacts(config, domain, addresses, resolver)
              : undefined,
          returning: domain === srs ? await mxState(domain, resolver) : undefined,
          taking: taken.has(domain) ? await takingFacts(domain, resolver, policies) : undefined,
        })),
      );
      found.push(facts.flatMap(domainFindings));
    }
    return [...found.flat(), ...restFindings(all.length)];
  } finally {
    policies.close();
  }
}

function restFindings(count: number): readonly Finding[] {
  if (count <= mostDomains) return [];
  return [
    notSeen(
      `Of ${count} own domains, only the first ${mostDomains} were looked at.`,
      'sluice dkim check compares the keys of all of them',
    ),
  ];
}

/** Behind a smarthost or a NAT, receivers see an address that is not known here. */
async function publicAddresses(config: Config): Promise<readonly string[]> {
  if (!deliversToMx(config)) return [];
  const sources = await sourceAddresses(config);
  return sources.some(({ isPrivate }) => isPrivate) ? [] : sources.map(({ address }) => address);
}

async function sendingFacts(
  config: Config,
  domain: string,
  addresses: readonly string[],
  resolver: Resolver,
): Promise<SendingFacts> {
  const keys = (await keysOf(config, domain)).filter(({ signs }) => signs);
  const known = addresses.length === 0 ? [undefined] : addresses;
  const [published, spf, dmarc] = await Promise.all([
    publicationsOf(keys, resolver),
    Promise.all(
      known.map(async (address) => ({
        address,
        // Without an address of our own, only the record itself counts: any address finds out whether it is there and can be read.
        verdict: await checkHost(
          mailFromQuery(`postmaster@${domain}`, {
            ip: address ?? '192.0.2.1',
            helo: config.deliver.heloName,
            receiver: config.hostname,
            nowSeconds: Date.now() / 1000,
          }),
          resolver,
        ),
      })),
    ),
    keys.length > 0 ? dmarcState(domain, resolver) : undefined,
  ]);
  return {
    keys: published.map(([{ name, path }, publication]) => ({ name, path, publication })),
    spf,
    dmarc,
  };
}

async function dmarcState(domain: string, resolver: Resolver): Promise<DmarcState> {
  const found = await discoverPolicy(domain, resolver);
  if (found.kind !== 'policy') return { kind: found.kind, reason: found.reason };
  return { kind: 'policy', policy: found.policy, policyDomain: found.policyDomain };
}

async function takingFacts(domain: string, resolver: Resolver, policies: OpenSource): Promise<TakingFacts> {
  const [mx, record] = await Promise.all([mxState(domain, resolver), lookUpRecord(resolver, domain)]);
  return { mx, record, policy: record.kind === 'record' ? await policies.fetch(domain) : undefined };
}

async function mxState(domain: string, resolver: Resolver): Promise<MxState> {
  const answer = await resolver.mx(domain);
  if (answer.kind === 'failed') return { kind: 'failed', reason: answer.reason };
  if (answer.kind !== 'found') {
    // RFC 5321 5.1: without MX records, the domain itself is the host.
    return (await hostState(domain, resolver)) === 'missing'
      ? { kind: 'none' }
      : { kind: 'hosts', hosts: [{ host: domain, state: 'found' }] };
  }
  if (answer.records.some(({ exchange }) => exchange === '.')) return { kind: 'null' };
  return {
    kind: 'hosts',
    hosts: await Promise.all(
      answer.records.map(async ({ exchange: host }): Promise<MxHost> => ({
        host,
        state: await hostState(host, resolver),
      })),
    ),
  };
}

async function hostState(host: string, resolver: Resolver): Promise<MxHost['state']> {
  const answers = await Promise.all([resolver.addresses(host, 4), resolver.addresses(host, 6)]);
  const found = answers.find((answer) => answer.kind === 'found');
  if (found !== undefined) return found.canonicalName === host ? 'found' : 'alias';
  return answers.some(({ kind }) => kind === 'failed') ? 'unknown' : 'missing';
}
