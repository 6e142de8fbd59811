// What own domains publish about their mail, judged: SPF, DKIM and DMARC here, and what is for mail to them in `inbound-domains.ts`. The facts are gathered by `domain-facts.ts`.

import type { DmarcPolicy } from '../../dmarc/evaluate.ts';
import type { SpfVerdict } from '../../spf/types.ts';
import type { Publication } from '../published-keys.ts';
import { error, type Finding, note, notSeen, warning } from './finding.ts';
import {
  mxFindings,
  type MxState,
  returnFindings,
  stsFindings,
  type TakingFacts,
} from './inbound-domains.ts';

export interface DomainFacts {
  readonly domain: string;
  /** What is there for mail from this domain; undefined: Sluice does not sign for it. */
  readonly sending: SendingFacts | undefined;
  /** Where reports about forwarded mail come back to; undefined: it is not the domain of [srs]. */
  readonly returning: MxState | undefined;
  /** What is there for mail to this domain; undefined: Sluice does not take it from everybody. */
  readonly taking: TakingFacts | undefined;
}

export interface SendingFacts {
  readonly keys: readonly {
    /** Where it is published. */
    readonly name: string;
    readonly path: string;
    readonly publication: Publication;
  }[];
  /** By each public address that mail leaves from; one without an address where none is known. */
  readonly spf: readonly { readonly address: string | undefined; readonly verdict: SpfVerdict }[];
  /** Undefined for a domain that stands in no From field. */
  readonly dmarc: DmarcState | undefined;
}

export type DmarcState =
  | { readonly kind: 'policy'; readonly policy: DmarcPolicy; readonly policyDomain: string }
  | { readonly kind: 'none' | 'temperror'; readonly reason: string };

export function domainFindings({ domain, sending, returning, taking }: DomainFacts): readonly Finding[] {
  return [
    ...(sending === undefined
      ? []
      : [
          ...keyFindings(domain, sending),
          ...spfFindings(domain, sending),
          ...(sending.dmarc === undefined ? [] : dmarcFindings(domain, sending.dmarc)),
        ]),
    ...(returning === undefined ? [] : returnFindings(domain, returning)),
    ...(taking === undefined ? [] : [...mxFindings(domain, taking.mx), ...stsFindings(domain, taking)]),
  ];
}

function keyFindings(domain: string, { keys }: SendingFacts): readonly Finding[] {
  return keys.flatMap(({ name, path, publication }): readonly Finding[] => {
    const publish = `sluice dkim show ${domain} prints the record to publish; sluice dkim check ${domain} compares it`;
    switch (publication.kind) {
      case 'published':
        if (!publication.isTesting) return [];
        return [
          note(
            'domains-dkim-testing',
            `The key ${name} is published with t=y, which says that ${domain} is only testing its signatures.`,
            'Take t=y out of the record when they are right',
          ),
        ];
      // The check of rights looks at files.
      case 'unusable':
        return [];
      case 'absent':
        return [
          error(
            'domains-dkim-absent',
            `Mail of ${domain} is signed with ${path}, but there is no TXT record ${name}: no receiver can verify it.`,
            publish,
          ),
        ];
      case 'several':
        return [
          error(
            'domains-dkim-several',
            `There are ${publication.count} TXT records ${name}, and receivers may take any of them.`,
            `Leave one: ${publish}`,
          ),
        ];
      case 'wrong':
        return [
          error(
            'domains-dkim-other',
            `The TXT record ${name} does not fit the key ${path}, which signs mail of ${domain}: ${publication.reason}.`,
            publish,
          ),
        ];
      case 'failed':
        return [
          notSeen(`Whether ${name} is published is not known: ${publication.reason}.`, 'Run it again later.'),
        ];
    }
  });
}

function spfFindings(domain: string, { spf }: SendingFacts): readonly Finding[] {
  const seen = new Set<string>();
  return spf.flatMap(({ address, verdict }): readonly Finding[] => {
    const { result, reason } = verdict;
    // A missing or broken record is one finding for all addresses.
    const isAboutRecord = result === 'none' || result === 'permerror' || result === 'temperror';
    if (isAboutRecord) {
      if (seen.has(result)) return [];
      seen.add(result);
    }
    switch (result) {
      case 'none':
        return [
          warning(
            'domains-spf-none',
            `${domain} has no SPF record: anybody can send in its name, and big providers refuse much mail without one.`,
            `Publish a TXT record at ${domain}, such as: v=spf1 ${terms(spf)} -all`,
          ),
        ];
      case 'permerror':
        return [
          error(
            'domains-spf-broken',
            `The SPF record of ${domain} cannot be used: ${reason}. Some receivers refuse mail for that.`,
            `"dig TXT ${domain}" shows it; correct what the text says`,
          ),
        ];
      case 'temperror':
        return [
          notSeen(`The SPF record of ${domain} could not be looked at: ${reason}.`, 'Run it again later.'),
        ];
      case 'pass':
        return [];
      default: {
        // Which address others see is not known.
        if (address === undefined) return [];
        const finding = result === 'fail' ? error : warning;
        return [
          finding(
            'domains-spf-source',
            `The SPF record of ${domain} does not allow ${address}, from which its mail leaves (${result}: ${reason}).`,
            `Put ${term(address)} into the record, before its "all"`,
          ),
        ];
      }
    }
  });
}

function terms(spf: SendingFacts['spf']): string {
  const known = spf.flatMap(({ address }) => (address === undefined ? [] : [term(address)]));
  return known.length === 0 ? 'ip4:ADDRESS' : known.join(' ');
}

function term(address: string): string {
  return `${address.includes(':') ? 'ip6' : 'ip4'}:${address}`;
}

function dmarcFindings(domain: string, dmarc: DmarcState): readonly Finding[] {
  if (dmarc.kind === 'policy') {
    if (dmarc.policy !== 'none') return [];
    return [
      note(
        'domains-dmarc-lax',
        `The DMARC policy of ${domain} is "none" (record of ${dmarc.policyDomain}): receivers do nothing about forged mail.`,
        `When the reports show that own mail passes, publish p=quarantine or p=reject at _dmarc.${dmarc.policyDomain}`,
      ),
    ];
  }
  if (dmarc.kind === 'temperror')
    return [
      notSeen(
        `The DMARC record of ${domain} could not be looked at: ${dmarc.reason}.`,
        'Run it again later.',
      ),
    ];
  return [
    warning(
      'domains-dmarc-none',
      `There is no DMARC policy for ${domain} (${dmarc.reason}): big providers refuse much mail without one.`,
      `Publish a TXT record at _dmarc.${domain}, such as: v=DMARC1; p=none; rua=mailto:dmarc@${domain}`,
    ),
  ];
}
