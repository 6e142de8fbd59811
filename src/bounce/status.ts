// The status code (RFC 3463) and the text (RFC 3464 2.3.6) of a refusal in a report.

import type { Refusal } from '../message/refusal.ts';
import { refusalText } from '../message/refusal-text.ts';
import { replyWords } from '../protocol/smtp/client/reply-text.ts';

const statusPattern = /^[245]\.\d{1,3}\.\d{1,3}$/;

/**
 * The status code of a recipient that failed.
 * @param expired - it failed because its lifetime is over: RFC 3463 3.5, 4.4.7 is "delivery time expired"
 */
export function failureStatus({ code, enhanced, permanent }: Refusal, expired: boolean): string {
  if (expired) return '4.4.7';
  const codeClass = code === 0 ? '' : String(code).slice(0, 1);
  // RFC 2034 4: the status of a reply has the class of its code; otherwise it is just text.
  if (statusPattern.test(enhanced) && (codeClass === '' || enhanced.startsWith(codeClass))) return enhanced;
  if (codeClass !== '') return `${codeClass}.0.0`;
  return permanent ? '5.0.0' : '4.0.0';
}

/** The status code of a recipient that waits: class 4 (RFC 3464 2.3.4), also if a reply of class 5 is tried again. */
export function delayStatus(refusal: Refusal): string {
  const status = failureStatus(refusal, false);
  return `4${status.slice(1)}`;
}

/** The text of a refusal: the server's reply, or our own text. */
export function reasonWords(refusal: Refusal): string {
  const { by, code, enhanced, lines } = refusal;
  return by.kind === 'remote' ? replyWords(code, enhanced, lines.join(' ')) : refusalText(refusal);
}
