// Settings of reports to other domains, from `[reports]` of the configuration.

import type { Reporter, ReportKind } from './report.ts';

export interface ReportSettings {
  /** The kinds that are sent. */
  readonly kinds: readonly ReportKind[];
  readonly reporter: Reporter;
  /** A domain with fewer messages on a day gets no report of DMARC about it. */
  readonly minMessages: number;
  /** Policy domains that get no report of DMARC. */
  readonly excluded: { has(domain: string): boolean };
  /** Free space of the disk that reports leave to mail. */
  readonly reserveBytes: number;
  readonly maxPerHour: number;
  /** Reports about one day that go to one host. */
  readonly maxPerDestination: number;
  /** HTTPS may go into private networks and to this host. */
  readonly mayBePrivate: boolean;
  /** Certificates of the authorities that HTTPS trusts, in PEM; empty: those of the system. */
  readonly authorities: string;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}
