// The verification of one message, by all methods, while it comes in. Nobody has to wait before a result is needed:
//
// 1. At MAIL, SPF and the client's name are looked up.
// 2. When the header is there, the keys of its DKIM signatures and the DMARC policy are looked up; the body is hashed while it comes.
// 3. At the end, DMARC compares what SPF and DKIM have found.
//
// Pure: it has no socket, clock or timer. Its promises never reject, since a failed look-up is a result.

import { domainOf } from '../address/domain.ts';
import { keysFromDns } from '../dkim/dns-keys.ts';
import type { ArcResult, SignatureResult } from '../dkim/types.ts';
import { startVerifying, type Verifier } from '../dkim/verifier.ts';
import {
  type AuthenticatedDomains,
  type Discovery,
  discoverPolicy,
  type DmarcVerdict,
  evaluateDmarc,
} from '../dmarc/evaluate.ts';
import { vouchesFor } from './arc.ts';
import { confirmedNames } from '../dns/confirmed-names.ts';
import type { Field } from '../message/editable-header.ts';
import { checkHost, heloQuery, mailFromQuery } from '../spf/check-host.ts';
import { type Authors, readAuthors } from './authors.ts';
import type { ArcFinding, ClientFindings, Findings, IprevFinding, SpfFindings } from './findings.ts';
import type { Lookups } from './limited-lookups.ts';
import { strictest } from './strictest.ts';

const signatureFields: ReadonlySet<string> = new Set(['dkim-signature', 'domainkey-signature']);

const untold = 'the front end has not told the client';

export interface VerifiedSession {
  /** The client's IP address; empty when a front end could not tell it. */
  readonly client: string;
  readonly helo: string;
  /** Without brackets; empty for the null path. */
  readonly reversePath: string;
  /** The name of this host. */
  readonly receiver: string;
  /** Unix time. */
  readonly nowSeconds: number;
}

export class MessageVerification {
  /** What is known before the content. */
  readonly client: Promise<ClientFindings>;
  readonly #session: VerifiedSession;
  readonly #lookups: Lookups;
  readonly #isTrustedSealer: ((domain: string) => boolean) | undefined;
  #authors: Authors | undefined;
  #policies: Promise<readonly Discovery[]> | undefined;
  #verifier: Verifier | undefined;

  /** @param isTrustedSealer - of ARC chains; undefined: they are not looked at */
  constructor(session: VerifiedSession, lookups: Lookups, isTrustedSealer?: (domain: string) => boolean) {
    this.#session = session;
    this.#isTrustedSealer = isTrustedSealer;
    this.#lookups = lookups;
    this.client = this.#checkClient();
    // Nobody waits for it when the client goes away.
    this.client.catch(() => undefined);
  }

  /**
   * The header is there.
   * @param fields - as they came
   * @param strayLines - the lines of the header from the first one that is no field
   * @param lookups - for keys and policies; those for the client unless given
   */
  header(fields: readonly Field[], strayLines: string, lookups: Lookups = this.#lookups): void {
    this.#authors = readAuthors(fields, strayLines);
    const { domains } = this.#authors;
    this.#policies = Promise.all(domains.map((domain) => discoverPolicy(domain, lookups)));
    const arc = this.#isTrustedSealer !== undefined && fields.some(({ name }) => name === 'arc-seal');
    this.#policies.catch(() => undefined);
    if (!arc && !fields.some(({ name }) => signatureFields.has(name))) return;
    const header = Buffer.concat(fields.map(({ bytes }) => bytes));
    this.#verifier = startVerifying(header, this.#session.nowSeconds, keysFromDns(lookups), { arc });
  }

  /** Does the message have a signature or a chain? Without them, its body changes nothing. */
  get needsBody(): boolean {
    return this.#verifier !== undefined;
  }

  /** The next piece of the body. */
  body(bytes: Uint8Array): void {
    this.#verifier?.body(bytes);
  }

  /** The message is complete, or it has no signature. */
  async end(): Promise<Findings> {
    const [client, policies, verified] = await Promise.all([
      this.client,
      this.#policies ?? [],
      this.#verifier?.end(),
    ]);
    const signatures = verified?.signatures ?? [];
    const domains = authenticated(client.spf, signatures);
    const verdicts: DmarcVerdict[] = [];
    for (const policy of policies) verdicts.push(await evaluateDmarc(policy, domains));
    const fault = this.#authors?.fault;
    const dmarc = strictest(verdicts, fault);
    return { ...client, signatures, arc: this.#arcOf(verified?.arc, dmarc), dmarc, authorFault: fault };
  }

  #arcOf(found: ArcResult | undefined, dmarc: DmarcVerdict): ArcFinding | undefined {
    const isTrusted = this.#isTrustedSealer;
    if (isTrusted === undefined) return undefined;
    const none = { result: 'none', reason: undefined, sealers: [], authenticationResults: '' } as const;
    const arc = found ?? none;
    // One domain of several authors does not vouch for the others.
    const isOne = this.#authors?.fault === undefined && this.#authors?.domains.length === 1;
    return { ...arc, vouches: isOne && vouchesFor(arc, dmarc.author, isTrusted) };
  }

  async #checkClient(): Promise<ClientFindings> {
    const { client, helo } = this.#session;
    const [iprev, spf] = await Promise.all([this.#checkName(), this.#checkSpf()]);
    return { client, helo, iprev, spf };
  }

  async #checkSpf(): Promise<SpfFindings> {
    const { client, helo, reversePath, receiver, nowSeconds } = this.#session;
    const session = { ip: client, helo: helo.toLowerCase(), receiver, nowSeconds };
    const path = reversePath === '' ? '' : withAsciiDomain(reversePath);
    if (client === '') {
      const { domain } = mailFromQuery(path, session);
      return {
        mailFrom: { result: 'temperror', domain, reason: untold },
        helo: undefined,
      };
    }
    const mailFrom = checkHost(mailFromQuery(path, session), this.#lookups);
    if (path === '') return { mailFrom: await mailFrom, helo: undefined };
    const [sender, own] = await Promise.all([mailFrom, checkHost(heloQuery(session), this.#lookups)]);
    return { mailFrom: sender, helo: own };
  }

  async #checkName(): Promise<IprevFinding> {
    const { client } = this.#session;
    if (client === '') return { result: 'temperror', name: '', reason: untold };
    const found = await confirmedNames(client, this.#lookups);
    switch (found.kind) {
      case 'names':
        return { result: 'pass', name: found.names[0], reason: '' };
      case 'unconfirmed':
        return { result: 'fail', name: '', reason: 'no name leads back to the address' };
      case 'none':
        return { result: 'permerror', name: '', reason: 'the address has no name' };
      case 'failed':
        return { result: 'temperror', name: '', reason: found.reason };
    }
  }
}

function withAsciiDomain(path: string): string {
  return `${path.slice(0, path.lastIndexOf('@') + 1)}${domainOf(path)}`;
}

/** The domains that DMARC goes by (RFC 9989 4.4). */
function authenticated(spf: SpfFindings, signatures: readonly SignatureResult[]): AuthenticatedDomains {
  const { result, domain } = spf.mailFrom;
  // Historic DomainKeys are no DKIM: they authenticate nobody here.
  const dkim = (wanted: SignatureResult['result']): string[] =>
    signatures.filter((each) => each.method === 'dkim' && each.result === wanted).map((each) => each.domain);
  return {
    spf: result === 'pass' ? [domain] : [],
    dkim: dkim('pass'),
    uncertain: { spf: result === 'temperror' ? [domain] : [], dkim: dkim('temperror') },
  };
}
