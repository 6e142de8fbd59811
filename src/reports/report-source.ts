// Where reports of one kind come from: which there are, what they say, and who wants them.

import type { Destinations, ReportKind, ReportName } from './report.ts';

export interface ReportSource {
  readonly kind: ReportKind;
  /** The days about which there is something to report. */
  days(): readonly string[];
  /** The policy domains about which there is something to report. */
  domainsOf(day: string): Iterable<string>;
  destinations(name: ReportName): Promise<Destinations>;
  /** What the report says; undefined: there is nothing to report. */
  text(name: ReportName): string | undefined;
}
