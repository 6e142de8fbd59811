// One report about all recipients that failed together, unless it would be so large that nobody takes it.

import type { Refusal } from '../message/refusal.ts';

/** Of the part for programs, about: with it, the text and what is returned, a report stays below what mail systems take. */
const maxBytes = 4 * 1024 * 1024;
/** The fields of a recipient without its own texts, about. */
const fieldsBytes = 300;

/** What a recipient adds to a report: its address comes in several places, the rest once. */
export interface ReportedTexts {
  readonly address: string;
  readonly originalRecipient?: string | undefined;
  readonly refusal?: Pick<Refusal, 'lines'> | undefined;
}

/** Splits recipients, in their order, into as few reports as can be sent; at least one in each. */
export function splitReport<Recipient extends ReportedTexts>(
  recipients: readonly Recipient[],
): readonly (readonly Recipient[])[] {
  const reports: Recipient[][] = [];
  let report: Recipient[] = [];
  let sizeBytes = 0;
  for (const recipient of recipients) {
    const { address, originalRecipient = '', refusal } = recipient;
    let added = fieldsBytes + 3 * address.length + originalRecipient.length;
    for (const line of refusal?.lines ?? []) added += line.length + 1;
    if (report.length > 0 && sizeBytes + added > maxBytes) {
      reports.push(report);
      report = [];
      sizeBytes = 0;
    }
    report.push(recipient);
    sizeBytes += added;
  }
  if (report.length > 0) reports.push(report);
  return reports;
}
