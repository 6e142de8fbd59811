// The part of a report for people (RFC 3464 2, RFC 6522 3): what happened, for which recipients, what the server said, and what
// to do. Recipients with the same reason form one group.

import type { Refusal, RefusedStep } from '../message/refusal.ts';
import { adviceFor } from './advice.ts';
import type { DsnOptions, DsnRecipient } from './dsn-types.ts';
import { addressText, dateTime, wrap } from './mime-text.ts';
import { reasonWords } from './status.ts';
import { mtaName } from './mta-name.ts';
import type { DsnAction } from './wants-report.ts';

/** In the order in which they are told. */
const actions: readonly DsnAction[] = ['failed', 'delayed', 'relayed', 'delivered'];

const subject: Readonly<Record<DsnAction, string>> = {
  failed: 'Your message could not be delivered',
  delayed: 'Your message is delayed, and will be tried again',
  relayed: 'Your message was handed on',
  delivered: 'Your message was delivered',
};

const whatHappened: Readonly<Record<DsnAction, string>> = {
  failed:
    'Your message could not be delivered to the following addresses. This is final: it will not be tried again.',
  delayed:
    'Your message could not be delivered to the following addresses yet. It stays in the queue and is tried again: you need not send it a second time.',
  relayed:
    'Your message was handed on for the following addresses to a server that does not confirm deliveries. You will hear of it again only if it fails.',
  delivered: 'Your message was delivered to the following addresses.',
};

/** The subject of a report: of the worst action in it. */
export function subjectOf(recipients: readonly DsnRecipient[]): string {
  const worst = actions.find((action) => recipients.some((recipient) => recipient.action === action));
  return subject[worst ?? 'failed'];
}

/** The whole text with CRLF line ends. */
export function humanPart(options: DsnOptions): string {
  const { recipients, reportingMta } = options;
  let text = wrap(`This is the mail system at ${reportingMta}.`, '');
  for (const action of actions) {
    const concerned = recipients.filter((recipient) => recipient.action === action);
    if (concerned.length === 0) continue;
    text += `\r\n${wrap(whatHappened[action], '')}`;
    for (const group of groupsOf(concerned)) text += groupText(group, reportingMta);
  }
  text += '\r\n';
  text += wrap(
    `The message arrived here on ${dateTime(options.arrivalMs)} with the queue id ${options.queueId}.`,
    '',
  );
  text += wrap('A report for programs and a copy of the message, or of its header, are attached.', '');
  return text;
}

/** Recipients with the same reason, in order of first appearance. */
function groupsOf(recipients: readonly DsnRecipient[]): DsnRecipient[][] {
  const groups = Map.groupBy(recipients, ({ status, refusal, willRetryUntilMs }) =>
    JSON.stringify([status, refusal, willRetryUntilMs]),
  );
  return [...groups.values()];
}

function groupText(group: readonly DsnRecipient[], reportingMta: string): string {
  let text = '\r\n';
  for (const { address } of group) text += `  <${addressText(address)}>\r\n`;
  const [first] = group;
  if (first === undefined) return text;
  const words = first.refusal === undefined ? '' : reasonWords(first.refusal);
  if (first.refusal !== undefined && words !== '') {
    text += wrap(introduction(first.refusal, first.action, reportingMta), '    ');
    text += wrap(words, '      ');
  }
  if (first.action === 'failed') text += wrap(adviceFor(first.status), '    ');
  if (first.action === 'delayed' && first.willRetryUntilMs !== undefined) {
    text += wrap(`It is tried again until ${dateTime(first.willRetryUntilMs)}.`, '    ');
  }
  return text;
}

/** Names the refused part of an SMTP session for people. */
function stageOf(during: RefusedStep): string {
  switch (during) {
    case 'MAIL':
      return 'the sender address';
    case 'RCPT':
      return 'the recipient address';
    case 'DATA':
    case 'content':
      return 'the message';
    default:
      return 'the connection';
  }
}

function introduction({ by, during }: Refusal, action: DsnAction, reportingMta: string): string {
  if (by.kind !== 'remote') return 'The reason:';
  const server = by.host === '' ? "The recipient's server" : `The server ${mtaName(by.host, reportingMta)}`;
  if (action === 'failed') return `${server} refused ${stageOf(during)} and said:`;
  return `${server} answered about ${stageOf(during)}:`;
}
