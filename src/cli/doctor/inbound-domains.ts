// What domains publish for mail to them, judged: MX hosts, MTA-STS, and where reports about forwarded mail come back to.

import type { FetchedPolicy } from '../../sts/fetch-policy.ts';
import type { FoundRecord } from '../../sts/look-up-record.ts';
import { fitsMx } from '../../sts/mx-match.ts';
import { error, type Finding, notSeen, warning } from './finding.ts';

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

/** Of the domain of [srs]. */
export function returnFindings(domain: string, mx: MxState): readonly Finding[] {
  if (mx.kind !== 'null' && mx.kind !== 'none') return [];
  return [
    error(
      'domains-srs-mx',
      `Senders of forwarded mail are rewritten to ${domain} ([srs]), and no server takes mail for it: reports about such mail are lost, and some receivers refuse it.`,
      `Publish an MX record with a name of this host at ${domain}`,
    ),
  ];
}

export function mxFindings(domain: string, mx: MxState): readonly Finding[] {
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

export function stsFindings(domain: string, { mx, record, policy }: TakingFacts): readonly Finding[] {
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
