// Advice for the sender of a failed message, by the subject and detail of the status code (RFC 3463 3).

import type { ReportTexts } from '../values/report-texts.ts';

/** A sentence or two for a status code such as `5.1.1`. */
export function adviceFor(status: string, texts: ReportTexts): string {
  const [, subject = '', detail = ''] = status.split('.', 3);
  const byKey: Readonly<Record<string, string>> = texts;
  return byKey[`advice_${subject}_${detail}`] ?? byKey[`advice_${subject}`] ?? texts.advice;
}
