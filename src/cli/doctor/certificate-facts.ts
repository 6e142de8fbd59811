// Reads the certificates of the configuration, lets OpenSSL judge them with the authorities of this system, and looks up under which names
// others know this host.

import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { duplexPair } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import type { Config } from '../../config/config.ts';
import { matchTlsa } from '../../dane/match-tlsa.ts';
import { usableRecords } from '../../dane/usable-records.ts';
import type { Resolver } from '../../dns/types.ts';
import { loginListeners } from '../../settings/listeners.ts';
import { tlsOf } from '../../settings/tls-of-listeners.ts';
import { systemContext } from '../../sts/system-context.ts';
import { CertificateError } from '../../tls/certificate-error.ts';
import { certificatesIn } from '../../tls/examine-certificate.ts';
import { type ReadCertificate, readCertificates } from '../../tls/read-certificates.ts';
import { canonicalIp } from '../../values/ip-address.ts';
import { formatListenAddress } from '../../values/listen-address.ts';
import { certificateProblems } from '../certificate-problems.ts';
import { type CertificateChecks, certificateFindings, type OneCertificate } from './certificates.ts';
import { type Check, hasDns, type Patient } from './check.ts';

export const certificates: Check = {
  kind: 'certificates',
  subject: 'the certificates',
  look: async (patient) => certificateFindings(await certificateChecks(patient), Date.now()),
};

/** Most domains whose MX hosts are looked up here. */
const mostDomains = 50;

async function certificateChecks(patient: Patient): Promise<CertificateChecks> {
  const { config } = patient;
  const { read, unseen } = readAll(config);
  const names = await namesOfHost(patient);
  return {
    // The supervisor of root may read what this user may not.
    unusable:
      unseen.length > 0 ? [] : certificateProblems(config, Date.now()).problems.map(({ message }) => message),
    unseen,
    certificates: await Promise.all(read.map(oneCertificate)),
    seenBy: seenBy(config),
    names,
    tlsa: (await hasDns(patient))
      ? await tlsaOf(
          names.map(({ name }) => name),
          read,
          patient.resolver,
        )
      : [],
  };
}

/** Those that can be used. */
function readAll({ certificate }: Config): {
  readonly read: readonly ReadCertificate[];
  readonly unseen: readonly string[];
} {
  const read: ReadCertificate[] = [];
  const unseen: string[] = [];
  for (const paths of certificate) {
    try {
      read.push(...readCertificates([paths]));
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      const { cause } = error;
      if (cause instanceof Error && 'code' in cause && cause.code === 'EACCES') unseen.push(error.message);
    }
  }
  return { read, unseen };
}

async function oneCertificate(each: ReadCertificate): Promise<OneCertificate> {
  const { facts, served, keyFile, isKeyOpenToAll } = each;
  const [leaf, ...issuers] = certificatesIn(served.chain, facts.file);
  return {
    file: facts.file,
    keyFile,
    names: facts.names,
    fromMs: facts.fromMs,
    untilMs: facts.untilMs,
    isKeyOpenToAll,
    chainCode: await verdictOf(served),
    lacksIssuer: issuers.length === 0 && (leaf.infoAccess ?? '').includes('CA Issuers'),
  };
}

/** What a client finds: a whole handshake, without a network. */
async function verdictOf({ chain, key }: ReadCertificate['served']): Promise<string> {
  const [near, far] = duplexPair();
  const server = new TLSSocket(far, {
    isServer: true,
    secureContext: createSecureContext({ cert: chain, key, ca: [] }),
  });
  server.on('error', () => undefined); // the client's verdict is all that is wanted
  const client = connect({
    socket: near,
    secureContext: await systemContext(),
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  try {
    await once(client, 'secureConnect');
    return client.authorized ? '' : String(client.authorizationError);
  } finally {
    client.destroy();
    server.destroy();
  }
}

/** Who meets the certificates from outside. */
function seenBy(config: Config): CertificateChecks['seenBy'] {
  const isReached = (address: string): boolean => !/^(?:unix:|127\.|\[::1\])/u.test(address);
  if (loginListeners(config).some(({ address }) => isReached(address))) return 'users';
  const isSeen = config.listen.some(
    (each) =>
      each.address.kind === 'tcp' &&
      isReached(formatListenAddress(each.address)) &&
      tlsOf(each, config.receive) !== 'none',
  );
  return isSeen ? 'servers' : 'nobody';
}

/** The hostname, and the MX hosts of domains whose mail is taken, as far as they lead here. */
async function namesOfHost(patient: Patient): Promise<CertificateChecks['names']> {
  const { config, resolver } = patient;
  const own = { name: config.hostname, why: 'the hostname, which Sluice says in its greeting' };
  if (!(await hasDns(patient))) return [own];
  const domains = config.receive.relayDomains
    .flatMap((each) => (each.kind === 'exact' ? [each.domain] : []))
    .slice(0, mostDomains);
  const here = new Set(
    Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).map(({ address }) => canonicalIp(address)),
    ),
  );
  const found = await Promise.all(
    domains.map(async (domain) => {
      const answer = await resolver.mx(domain);
      const hosts = answer.kind === 'found' ? answer.records.map(({ exchange }) => exchange) : [];
      const isHere = await Promise.all(hosts.map((host) => leadsTo(here, host, resolver)));
      return hosts
        .filter((_, at) => isHere[at])
        .map((name) => ({ name, why: `an MX host of ${domain} that leads here` }));
    }),
  );
  return [...new Map([own, ...found.flat()].map((each) => [each.name, each])).values()];
}

async function leadsTo(here: ReadonlySet<string>, host: string, resolver: Resolver): Promise<boolean> {
  const answers = await Promise.all([resolver.addresses(host, 4), resolver.addresses(host, 6)]);
  return answers.some((answer) => answer.kind === 'found' && answer.records.some((each) => here.has(each)));
}

/** Whatever a name server says of them, signed or not: who publishes them means them. */
async function tlsaOf(
  names: readonly string[],
  read: readonly ReadCertificate[],
  resolver: Resolver,
): Promise<CertificateChecks['tlsa']> {
  const found = await Promise.all(
    names.map(async (name) => {
      const answer = await resolver.tlsa(`_25._tcp.${name}`);
      const tlsa = answer.kind === 'found' ? usableRecords(answer.records) : [];
      if (tlsa.length === 0) return [];
      return read.map(({ facts, served }) => ({
        name,
        file: facts.file,
        match: matchTlsa(
          certificatesIn(served.chain, facts.file).map(({ raw }) => raw),
          { tlsa, names: [name] },
          Date.now(),
        ),
      }));
    }),
  );
  return found.flat();
}
