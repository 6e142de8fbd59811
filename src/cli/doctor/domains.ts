// What own domains publish about their mail, judged: SPF, DKIM and DMARC of domains that Sluice signs for, MX and MTA-STS of those whose
// mail it takes. The facts are gathered by `domain-facts.ts`.

import type { DmarcPolicy } from '../../dmarc/evaluate.ts';
import type { SpfVerdict } from '../../spf/types.ts';
import type { FoundRecord } from '../../sts/look-up-record.ts';
import type { FetchedPolicy } from '../../sts/fetch-policy.ts';
import { fitsMx } from '../../sts/mx-match.ts';
import type { Publication } from '../published-keys.ts';
import { error, type Finding, note, notSeen, warning } from './finding.ts';

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

export interface TakingFacts {
  readonly mx: MxState;
  readonly record: FoundRecord;
  /** Undefined without a record. */
  readonly policy: FetchedPolicy | undefined;
}

export type MxState =
  | { readonly kind: 'hosts'; readonly hosts: readonly MxHost[] }
  | { readonly kind: 'null' | 'none' }
  | { readonly kind: 'failed'; readonly reason: string };

export interface MxHost {
  readonly host: string;
  readonly state: 'found' | 'alias' | 'missing' | 'unknown';
}

/** RFC 8461 3.2 recommends weeks. */
const shortAgeSeconds = 86_400;

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

function returnFindings(domain: string, mx: MxState): readonly Finding[] {
  if (mx.kind !== 'null' && mx.kind !== 'none') return [];
  return [
    error(
      'domains-srs-mx',
      `Senders of forwarded mail are rewritten to ${domain} ([srs]), and no server takes mail for it: reports about such mail are lost, and some receivers refuse it.`,
      `Publish an MX record with a name of this host at ${domain}`,
    ),
  ];
}

function mxFindings(domain: string, mx: MxState): readonly Finding[] {
  switch (mx.kind) {
    case 'failed':
      return [
        notSeen(`The MX records of ${domain} could not be looked at: ${mx.reason}.`, 'Run it again later.'),
      ];
    case 'null':
      return [
        error(
          'domains-mx-null',
          `${domain} is in relay_domains, but its MX record says that it takes no mail (RFC 7505).`,
          `Publish an MX record with a name of this host at ${domain}, or take it out of relay_domains`,
        ),
      ];
    case 'none':
      return [
        warning(
          'domains-mx-none',
          `${domain} is in relay_domains, but has neither MX records nor an address: mail to it never comes here.`,
          `Publish an MX record with a name of this host at ${domain}, or take it out of relay_domains`,
        ),
      ];
    case 'hosts':
      return mx.hosts.flatMap(({ host, state }): readonly Finding[] => {
        if (state === 'missing')
          return [
            error(
              'domains-mx-missing',
              `The MX host ${host} of ${domain} has no address: mail waits at its senders, or is returned.`,
              `Give ${host} an address record, or correct the MX record of ${domain}`,
            ),
          ];
        if (state === 'alias')
          return [
            warning(
              'domains-mx-alias',
              `The MX host ${host} of ${domain} is an alias (CNAME), which RFC 5321 5.1 does not allow: some servers send nothing.`,
              `Write the name that ${host} leads to into the MX record of ${domain}`,
            ),
          ];
        return [];
      });
  }
}

function stsFindings(domain: string, { mx, record, policy }: TakingFacts): readonly Finding[] {
  if (record.kind === 'failed')
    return [notSeen(`MTA-STS of ${domain}: ${record.reason}.`, 'Run it again later.')];
  const name = `_mta-sts.${domain}`;
  if (record.kind === 'none') {
    if (record.reason === '') return [];
    return [
      error(
        'domains-sts-record',
        `The TXT record ${name} cannot be used (${record.reason}), so that ${domain} has no MTA-STS policy.`,
        `Publish one TXT record at ${name}: v=STSv1; id=1, and another id (date +%Y%m%d%H%M%S) whenever the policy changes`,
      ),
    ];
  }
  if (policy === undefined) return [];
  if (policy.kind === 'failed')
    return [
      error(
        'domains-sts-policy',
        `${name} says that ${domain} has an MTA-STS policy, but it cannot be fetched: ${policy.reason}.`,
        `"curl https://mta-sts.${domain}/.well-known/mta-sts.txt" must show it, with a certificate for that name`,
      ),
    ];
  const { mode, maxAgeSeconds, mx: patterns } = policy.policy;
  const found: Finding[] = [];
  const strangers = mx.kind === 'hosts' ? mx.hosts.filter(({ host }) => !fitsMx(patterns, host)) : [];
  if (mode !== 'none' && strangers.length > 0) {
    const finding = mode === 'enforce' ? error : warning;
    const hosts = strangers.map(({ host }) => host).join(', ');
    found.push(
      finding(
        'domains-sts-mx',
        `The MTA-STS policy of ${domain} (mode ${mode}) does not have its MX host ${hosts}${mode === 'enforce' ? ': servers that follow it send nothing there' : ''}.`,
        `Add "mx: ${strangers[0]?.host ?? ''}" to the policy, then change the id in ${name}`,
      ),
    );
  }
  if (mode === 'enforce' && maxAgeSeconds < shortAgeSeconds)
    found.push(
      warning(
        'domains-sts-short',
        `The MTA-STS policy of ${domain} is valid for ${maxAgeSeconds} s: whoever blocks it for that long switches it off.`,
        `Write max_age: 604800 or more into the policy, then change the id in ${name}`,
      ),
    );
  return found;
}
