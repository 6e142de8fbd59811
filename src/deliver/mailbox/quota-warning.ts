// The message that tells a user that the mailbox is nearly full: put into the mailbox itself, in the language of [bounce].

import { randomUUID } from 'node:crypto';
import { dateTime, field, quotedPrintable, unstructured, wrap } from '../../bounce/mime-text.ts';
import { fill, type ReportTexts } from '../../values/report-texts.ts';

/** Who warns. */
export interface WarningSender {
  readonly hostname: string;
  /** An address. */
  readonly from: string;
  readonly texts: ReportTexts;
}

export interface WarningFacts {
  /** The user's. */
  readonly address: string;
  readonly percent: number;
  /** For people. */
  readonly used: string;
  readonly quota: string;
  /** Of the message that has filled the mailbox so far. */
  readonly sender: string;
  readonly queueId: string;
  readonly nowMs: number;
}

/** @returns the message with LF as line ends */
export function quotaWarning({ hostname, from, texts }: WarningSender, facts: WarningFacts): Buffer {
  const { address, nowMs } = facts;
  const values = {
    hostname,
    address,
    percent: String(facts.percent),
    used: facts.used,
    quota: facts.quota,
    sender: facts.sender,
    queue_id: facts.queueId,
    arrival: dateTime(nowMs),
  };
  const body = [texts.greeting, texts.quota_warning]
    .map((text) => fill(text, values))
    .filter((text) => text !== '')
    .map((text) => wrap(text, ''))
    .join('\r\n');
  const message = Buffer.concat([
    Buffer.from(
      'Return-Path: <>\r\n' +
        field('From', `Mail Delivery System <${from}>`) +
        field('To', `<${address}>`) +
        field('Subject', unstructured(fill(texts.quota_subject, values))) +
        field('Date', dateTime(nowMs)) +
        field('Message-ID', `<quota.${randomUUID()}@${hostname}>`) +
        'Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n' +
        `Content-Language: ${texts.language}\r\n` +
        'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n',
    ),
    quotedPrintable(Buffer.from(body)),
  ]);
  return Buffer.from(message.toString('utf8').replaceAll('\r\n', '\n'));
}
