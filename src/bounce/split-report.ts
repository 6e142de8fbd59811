// Splits recipients that failed together into several reports, if one report would be larger than mail systems accept.

import type { Refusal } from '../message/refusal.ts';

/** Approximate bound of the part for programs; with the text and the returned message, mail systems still accept the report. */
const maxBytes = 4 * 1024 * 1024;
/** Approximate size of a recipient's fields without its texts. */
const fieldsBytes = 300;

/** The texts of a recipient in a report. The address occurs several times, the others once. */
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
