// Whether a message may be answered by a program (RFC 3834 2), and what the answer has from its header. Promise: reports, lists, other
// programs, and mail that does not name the user are never answered, so no two programs write to each other for ever.

import { parseAddressList } from '../../message/address-list.ts';
import { headerFields } from '../../message/header-fields.ts';

export interface AnswerQuestion {
  /** The sender of the envelope. */
  readonly sender: string;
  /** All addresses of the user, and the one that the message came to. */
  readonly names: readonly string[];
  /** The beginning of the message, with its header. */
  readonly header: Uint8Array;
}

export type MayAnswer =
  | {
      readonly kind: 'yes';
      /** As in the header, unfolded; empty for none. */
      readonly subject: string;
      /** Of the message; undefined without one. */
      readonly messageId: string | undefined;
      /** Of those before it. */
      readonly references: readonly string[];
    }
  /** `why` is a clause. */
  | { readonly kind: 'no'; readonly why: string };

/** RFC 3834 2: programs, in whatever way they are called. */
const program =
  /^(?:owner-.*|.*-owner|.*-request|mailer-daemon|listserv|listproc|majordomo|no-?reply|do-?not-?reply|(?:.*-)?bounces?(?:[-+=].*)?|prvs=.*|msprvs1=.*)$/u;
const id = /<[^<>\s]{1,900}>/gu;
/** More would make the field longer than a line may be. */
const mostReferences = 20;
const longestSubject = 500;
const mostFields = 100_000;

/** By the name of a field: what in its value makes a message one that is not answered. */
const refusedBy: ReadonlyMap<string, RegExp> = new Map([
  ['auto-submitted', /^(?!\s*no\s*(?:[;(]|$))/iu],
  ['precedence', /^\s*(?:bulk|junk|list)\s*$/iu],
  ['x-auto-response-suppress', /(?:^|[\s,;])(?:all|oof|autoreply)(?:[\s,;]|$)/iu],
  ['x-spam-flag', /^\s*yes/iu],
  ['content-type', /^\s*multipart\/report/iu],
  ['return-path', /^\s*<\s*>/u],
  ...[
    'list-id',
    'list-post',
    'list-help',
    'list-owner',
    'list-subscribe',
    'list-unsubscribe',
    'list-archive',
    'mailing-list',
    'x-mailing-list',
    'x-loop',
    'x-autoreply',
    'x-autorespond',
    'x-autoresponse',
  ].map((name) => [name, /^/u] as const),
]);

const addressed: ReadonlySet<string> = new Set(['to', 'cc', 'resent-to', 'resent-cc']);

export function mayAnswer({ sender, names, header }: AnswerQuestion): MayAnswer {
  if (sender === '') return no('the sender is empty, as that of a report');
  const own = new Set(names.map((name) => name.toLowerCase()));
  if (own.has(sender.toLowerCase())) return no('the user has sent it');
  const localPart = sender.slice(0, Math.max(0, sender.lastIndexOf('@'))).toLowerCase();
  if (localPart === '' || program.test(localPart)) return no('the sender is a program');
  let subject = '';
  let messageId: string | undefined;
  let references: readonly string[] = [];
  let isNamed = false;
  let fields = 0;
  for (const { name, valueStart, end } of headerFields(header)) {
    if (++fields > mostFields) return no('it has too many fields');
    const text = (): string => Buffer.from(header.subarray(valueStart, end)).toString('utf8');
    const refuses = refusedBy.get(name);
    if (refuses?.test(unfolded(text())) === true) return no(`it has the field ${name}`);
    if (name === 'subject' && subject === '') subject = cut(unfolded(text()));
    else if (name === 'message-id') messageId ??= (text().match(id) ?? [])[0];
    else if (name === 'references') references = (text().match(id) ?? []).slice(-mostReferences);
    else if (!isNamed && addressed.has(name))
      isNamed = parseAddressList(text(), '').addresses.some((each) => own.has(each.toLowerCase()));
  }
  // RFC 3834 2: mail that came by a list or a hidden copy was not meant for the user alone.
  return isNamed ? { kind: 'yes', subject, messageId, references } : no('To and Cc do not name the user');
}

function no(why: string): MayAnswer {
  return { kind: 'no', why };
}

function unfolded(value: string): string {
  return value.replaceAll(/\s*\r?\n\s*/gu, ' ').trim();
}

/** At a blank, so that no encoded word is cut. */
function cut(text: string): string {
  if (text.length <= longestSubject) return text;
  const blank = text.lastIndexOf(' ', longestSubject);
  return blank > 0 ? text.slice(0, blank) : text.slice(0, longestSubject).toWellFormed();
}
