// From [reports] to the settings of the mailer.

import type { Config } from '../config/config.ts';
import { reportKinds } from '../reports/report.ts';
import type { ReportSettings } from '../reports/report-settings.ts';
import { DomainSet } from '../values/domain-set.ts';
import { signingRules } from './signing.ts';

export function reportSettings(config: Config): ReportSettings {
  const { bounce, deliver, hostname, queue, reports } = config;
  const from = reports.from ?? `reports@${hostname}`;
  const author = from.slice(from.lastIndexOf('@') + 1);
  // RFC 8460 3: reports by mail have to be signed, so whoever can sign them reports unless told otherwise.
  const canSign = signingRules(config).choose({ author, tenant: '', user: '', routes: [] }).length > 0;
  const isOn = { tls: reports.tls ?? canSign, dmarc: reports.dmarc };
  return {
    kinds: reportKinds.filter((kind) => isOn[kind]),
    reporter: {
      hostname,
      organization: reports.organization ?? hostname,
      contact: reports.contact ?? bounce.postmaster ?? `postmaster@${hostname}`,
      extraContact: reports.extraContact ?? '',
      from,
    },
    minMessages: reports.dmarcMinMessages,
    excluded: new DomainSet(reports.dmarcExclude),
    reserveBytes: queue.reserve,
    maxPerHour: reports.maxPerHour,
    maxPerDestination: reports.maxPerDestination,
    mayBePrivate: reports.privateNetworks,
    authorities: reports.authorities,
    ipv4: deliver.ipv4,
    ipv6: deliver.ipv6,
  };
}
