// What a configuration takes from outside the values of its file: the domains of the files that it names, and the places of its
// tables.

import { basename } from 'node:path';

import { type DomainPattern, parseDomainPattern, parseRecipientDomain } from '../../values/domain.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { readCertificateFile } from './certificate-file.ts';
import { type DkimDomain, parseDkimDomain } from './dkim-domain.ts';
import { readDomainFile } from './domain-file.ts';
import type { TomlSource } from './toml.ts';

/** Is called with each file of a configuration: its absolute path, its text. An error that it throws ends the reading. */
export type OnFileRead = (path: string, text: string) => void;

export interface Supplement {
  readonly relayDomains: readonly DomainPattern[];
  /** The domains of `domain_file`, by the index of the [[limit]]. */
  readonly limitDomains: readonly (readonly DomainPattern[])[];
  /** The lines of `dkimdomains` in [signing]. */
  readonly dkimDomains: readonly DkimDomain[];
  /** The text of `ca`, by the index of the [[tls]]; empty without one. */
  readonly tlsAuthorities: readonly string[];
  /** The text of `mta_sts_ca` in [deliver]; empty without one. */
  readonly mtaStsAuthorities: string;
  /** The text of `ca` in [reports]; empty without one. */
  readonly reportsAuthorities: string;
  /** `FILE:LINE` of one table of a list. */
  originOf(table: 'limit' | 'schedule' | 'sending_limit' | 'reaction', index: number): string;
}

/** For the configuration without a file. */
export const noSupplement: Supplement = {
  relayDomains: [],
  limitDomains: [],
  dkimDomains: [],
  tlsAuthorities: [],
  mtaStsAuthorities: '',
  reportsAuthorities: '',
  originOf: () => '',
};

/** The keys that name files. */
interface NamedFiles {
  readonly receive: { readonly relayDomainsFile?: string | undefined };
  readonly deliver: { readonly mtaStsCa?: string | undefined };
  readonly reports: { readonly ca?: string | undefined };
  readonly limit: readonly { readonly domainFile?: string | undefined }[];
  readonly tls: readonly { readonly ca?: string | undefined }[];
  readonly signing: { readonly dkimdomains?: string | undefined };
}

/**
 * Reads the files that a configuration names.
 * @param folder - where a relative path starts
 * @throws {ConfigError} with every problem of these files
 */
export function readSupplement(
  { receive, deliver, limit, tls, signing, reports }: NamedFiles,
  source: TomlSource,
  folder: string,
  onFileRead: OnFileRead,
): Supplement {
  const problems: ConfigProblem[] = [];
  const { relayDomainsFile } = receive;
  const relayKey = { path: ['receive', 'relay_domains_file'], source, folder, onFileRead };
  const supplement: Supplement = {
    relayDomains:
      relayDomainsFile === undefined
        ? []
        : readDomainFile(relayDomainsFile, relayKey, parseDomainPattern, problems),
    limitDomains: limit.map(({ domainFile }, index) => {
      const key = { path: ['limit', index, 'domain_file'], source, folder, onFileRead };
      return domainFile === undefined ? [] : readDomainFile(domainFile, key, parseRecipientDomain, problems);
    }),
    dkimDomains:
      signing.dkimdomains === undefined
        ? []
        : readDomainFile(
            signing.dkimdomains,
            { path: ['signing', 'dkimdomains'], source, folder, onFileRead },
            parseDkimDomain,
            problems,
          ),
    tlsAuthorities: tls.map(({ ca }, index) =>
      ca === undefined
        ? ''
        : readCertificateFile(ca, { path: ['tls', index, 'ca'], source, folder, onFileRead }, problems),
    ),
    mtaStsAuthorities:
      deliver.mtaStsCa === undefined
        ? ''
        : readCertificateFile(
            deliver.mtaStsCa,
            { path: ['deliver', 'mta_sts_ca'], source, folder, onFileRead },
            problems,
          ),
    reportsAuthorities:
      reports.ca === undefined
        ? ''
        : readCertificateFile(reports.ca, { path: ['reports', 'ca'], source, folder, onFileRead }, problems),
    originOf: (table, index) => {
      const place = source.placeOfValue([table, index]);
      return `${basename(source.fileOf(place).name)}:${place?.line ?? 1}`;
    },
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return supplement;
}

/** Tables, each with its place in the file. */
export function withOrigins<Table extends object>(
  tables: readonly Table[],
  name: Parameters<Supplement['originOf']>[0],
  { originOf }: Supplement,
): (Table & { readonly origin: string })[] {
  return tables.map((table, index) => ({ ...table, origin: originOf(name, index) }));
}
