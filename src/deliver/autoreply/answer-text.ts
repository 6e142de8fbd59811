// The automatic answer of a user, as a message (RFC 3834 3).

import { randomUUID } from 'node:crypto';
import { dateTime, field, quotedPrintable, unstructured } from '../../bounce/mime-text.ts';
import type { Autoreply } from '../../values/autoreply.ts';
import type { MayAnswer } from './may-answer.ts';

export interface AnswerFacts {
  readonly autoreply: Autoreply;
  /** The address of the user. */
  readonly from: string;
  /** The sender of the message that is answered. */
  readonly to: string;
  readonly about: Extract<MayAnswer, { readonly kind: 'yes' }>;
  readonly nowMs: number;
}

/** @returns the message with CRLF as line ends, in ASCII where its addresses are */
export function answerText({ autoreply, from, to, about, nowMs }: AnswerFacts): string {
  const { messageId, references, subject } = about;
  // RFC 3834 3.1.5.
  const ownSubject = autoreply.subject ?? (subject === '' ? 'Auto: your message' : `Auto: ${subject}`);
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const thread =
    messageId === undefined ? [] : [...references.filter((each) => each !== messageId), messageId];
  const body = autoreply.text.replaceAll(/\r\n|\r|\n/gu, '\r\n');
  return (
    field('From', `<${from}>`) +
    field('To', `<${to}>`) +
    field('Subject', unstructured(ownSubject)) +
    field('Date', dateTime(nowMs)) +
    field('Message-ID', `<autoreply.${randomUUID()}@${domain}>`) +
    (messageId === undefined ? '' : field('In-Reply-To', messageId) + referencesField(thread)) +
    // RFC 3834 5; Exchange and Outlook look at the other one.
    'Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n' +
    'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' +
    quotedPrintable(Buffer.from(`${body.replace(/(?:\r\n)+$/u, '')}\r\n`)).toString('latin1')
  );
}

/** The last ones, as far as a header field can hold them (2,000 characters). */
function referencesField(ids: readonly string[]): string {
  const kept: string[] = [];
  let length = 0;
  for (const each of ids.toReversed()) {
    length += each.length + 1;
    if (length > 1_900) break;
    kept.unshift(each);
  }
  return field('References', kept.join(' '));
}
