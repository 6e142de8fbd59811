// The part of a report for people (RFC 3464 2, RFC 6522 3): what happened, for which recipients, what the server said, and what
// to do. Recipients with the same reason form one group.

import type { Refusal, RefusedStep } from '../message/refusal.ts';
import { adviceFor } from './advice.ts';
import type { DsnOptions, DsnRecipient } from './dsn-types.ts';
import { addressText, dateTime, wrap } from './mime-text.ts';
import { reasonWords } from './status.ts';
import { mtaName } from './mta-name.ts';
import { english } from './texts/english.ts';
import { fill, type ReportTexts, type TextKey } from '../values/report-texts.ts';
import type { DsnAction } from './wants-report.ts';

/** In the order in which they are told. */
const actions: readonly DsnAction[] = ['failed', 'delayed', 'relayed', 'expanded', 'delivered'];

/** The subject of a report: of the worst action in it. */
export function subjectOf(options: DsnOptions): string {
  const { recipients, texts = english } = options;
  const worst = actions.find((action) => recipients.some((recipient) => recipient.action === action));
  return fill(texts[`subject_${worst ?? 'failed'}`], valuesOf(options));
}

/** What may stand in braces in every text. */
function valuesOf({
  reportingMta,
  queueId,
  arrivalMs,
  sender,
}: DsnOptions): Readonly<Record<string, string>> {
  return {
    hostname: reportingMta,
    queue_id: queueId,
    arrival: dateTime(arrivalMs),
    sender: addressText(sender),
  };
}

/** The whole text with CRLF line ends. */
export function humanPart(options: DsnOptions): string {
  const { recipients, reportingMta, texts = english } = options;
  const values = valuesOf(options);
  const say: Say = (key, more, indent = '') => paragraph(fill(texts[key], { ...values, ...more }), indent);
  let text = say('greeting');
  for (const action of actions) {
    const concerned = recipients.filter((recipient) => recipient.action === action);
    if (concerned.length === 0) continue;
    text += `\r\n${say(action)}`;
    for (const group of groupsOf(concerned)) text += groupText(group, reportingMta, texts, say);
  }
  text += `\r\n${say('arrived')}${say('attached')}`;
  if (texts.closing !== '') text += `\r\n${say('closing')}`;
  return text;
}

/** The lines of a text, filled in. */
type Say = (key: TextKey, more?: Readonly<Record<string, string>>, indent?: string) => string;

/** Each line of a text of the administrator begins a line. */
function paragraph(text: string, indent: string): string {
  return text
    .split('\n')
    .map((line) => (line.trim() === '' ? '\r\n' : wrap(line, indent)))
    .join('');
}

/** Recipients with the same reason, in order of first appearance. */
function groupsOf(recipients: readonly DsnRecipient[]): DsnRecipient[][] {
  const groups = Map.groupBy(recipients, ({ status, refusal, willRetryUntilMs }) =>
    JSON.stringify([status, refusal, willRetryUntilMs]),
  );
  return [...groups.values()];
}

function groupText(
  group: readonly DsnRecipient[],
  reportingMta: string,
  texts: ReportTexts,
  say: Say,
): string {
  let text = '\r\n';
  for (const { address } of group) text += `  <${addressText(address)}>\r\n`;
  const [first] = group;
  if (first === undefined) return text;
  const { refusal, action, status, willRetryUntilMs } = first;
  const words = refusal === undefined ? '' : reasonWords(refusal);
  if (refusal !== undefined && words !== '') {
    text += introduction(refusal, action, reportingMta, texts, say);
    text += wrap(words, '      ');
  }
  if (action === 'failed') text += paragraph(adviceFor(status, texts), '    ');
  if (action === 'delayed' && willRetryUntilMs !== undefined)
    text += say('retry_until', { date: dateTime(willRetryUntilMs) }, '    ');
  return text;
}

/** The refused part of an SMTP session, as texts name it. */
function partOf(during: RefusedStep): 'sender' | 'recipient' | 'message' | 'connection' {
  switch (during) {
    case 'MAIL':
      return 'sender';
    case 'RCPT':
      return 'recipient';
    case 'DATA':
    case 'content':
      return 'message';
    default:
      return 'connection';
  }
}

function introduction(
  { by, during }: Refusal,
  action: DsnAction,
  reportingMta: string,
  texts: ReportTexts,
  say: Say,
): string {
  if (by.kind !== 'remote') return say('reason', {}, '    ');
  const server =
    by.host === '' ? texts.unnamed_server : fill(texts.server, { host: mtaName(by.host, reportingMta) });
  return say(`${action === 'failed' ? 'refused' : 'answered'}_${partOf(during)}`, { server }, '    ');
}
