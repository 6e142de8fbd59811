// A report to a domain about its mail, of either kind, as it goes out: TLS reports (RFC 8460) and aggregate reports of DMARC (RFC 9990).

import { createHash } from 'node:crypto';
import type { ReportUri } from '../values/report-uri.ts';

export const reportKinds = ['tls', 'dmarc'] as const;
export type ReportKind = (typeof reportKinds)[number];

/** Which report. */
export interface ReportName {
  readonly kind: ReportKind;
  /** The UTC day that it is about, `YYYY-MM-DD`. */
  readonly day: string;
  /** The policy domain, in lower-case A-labels. */
  readonly domain: string;
}

export interface Report extends ReportName {
  /** Without angle brackets. The same whenever the report is sent again, so that whoever gets it twice can tell. */
  readonly id: string;
  readonly fileName: string;
  /** Compressed by gzip. */
  readonly content: Uint8Array;
}

/** Who reports. */
export interface Reporter {
  /** The name of this host: reports of several hosts of an organization differ by it. */
  readonly hostname: string;
  readonly organization: string;
  /** A mail address for questions. */
  readonly contact: string;
  /** More about how to get in touch, such as a URL; empty for nothing. */
  readonly extraContact: string;
  /** The address in From, whose domain signs. */
  readonly from: string;
}

/** Where a domain wants its reports. */
export type Destinations =
  | { readonly kind: 'found'; readonly uris: readonly ReportUri[] }
  /** It wants none, or its wish cannot be understood. */
  | { readonly kind: 'none'; readonly reason: string }
  /** Nobody knows now. */
  | { readonly kind: 'failed'; readonly reason: string };

export const dayMs = 86_400_000;

/** When a UTC day begins, Unix ms. */
export function dayBeginMs(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

/** The domain that reports: the one that signs (RFC 8460 5.3, RFC 9990 3.5.2). */
export function submitterOf({ from }: Reporter): string {
  return from.slice(from.lastIndexOf('@') + 1);
}

/** The identifier of a report: of the form of a Message-ID (RFC 8460 5.3, RFC 9990 3.5.1). */
export function reportId({ kind, day, domain }: ReportName, { hostname }: Reporter): string {
  return `${day}.${kind}.${domain}@${hostname}`;
}

/** @param content - what it says, compressed by gzip */
export function makeReport(name: ReportName, content: Uint8Array, reporter: Reporter): Report {
  const { kind, day, domain } = name;
  return { kind, day, domain, id: reportId(name, reporter), fileName: fileName(name, reporter), content };
}

/** RFC 8460 5.1 and RFC 9990 3.5.2: `submitter!domain!begin!end!unique.extension`. */
function fileName({ kind, day, domain }: ReportName, reporter: Reporter): string {
  const begin = dayBeginMs(day) / 1000;
  const unique = createHash('sha256').update(reporter.hostname).digest('hex').slice(0, 8);
  return `${submitterOf(reporter)}!${domain}!${begin}!${begin + dayMs / 1000 - 1}!${unique}.${kind === 'tls' ? 'json.gz' : 'xml.gz'}`;
}
