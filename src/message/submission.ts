// Prepares a message of a local program for sending (RFC 6409 8, RFC 5322 3.6): reads the recipients in its header, removes
// Bcc, and adds missing From, Date and Message-ID fields.

import { Buffer } from 'node:buffer';
import { parseAddressList } from './address-list.ts';
import { formatDateTime } from './date-time.ts';
import type { HeaderField } from './header-fields.ts';
import { headerFields, isEmptyLine } from './header-fields.ts';
import { messageId } from './message-id.ts';

export interface SubmissionOptions {
  /** The mailbox of the From field that is added if there is none. */
  readonly fromAddress: string;
  /** The display name of that From field; empty for none. */
  readonly fromName: string;
  /** Domain of local names and of the Message-ID. */
  readonly hostname: string;
  /** Unix time in milliseconds. */
  readonly nowMs: number;
}

export interface Submission {
  /** The message to send, as pieces. */
  readonly content: readonly Uint8Array[];
  /** The mailboxes of To, Cc and Bcc, or of their Resent- forms if the message has any (RFC 5322 3.6.6); each once. */
  readonly recipients: readonly string[];
  /** Entries in these fields that are no valid mailbox. */
  readonly invalidRecipients: readonly string[];
  /** The first header field with a CR outside a line end, with which somebody may try to add a field. Do not send it then. */
  readonly brokenField: string | undefined;
}

const recipientFields = new Set(['to', 'cc', 'bcc']);
const resentRecipientFields = new Set(['resent-to', 'resent-cc', 'resent-bcc']);
const blindFields = new Set(['bcc', 'resent-bcc']);
const fromLine = Buffer.from('From ');
const newline = Buffer.from('\r\n');
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Prepares a message whose lines end with CRLF. A text without any header field becomes the body; a leading `From ` line of
 * a mailbox file is dropped. A lone CR in the body becomes a line end: programs write it in progress bars.
 */
export function prepareSubmission(message: Uint8Array, options: SubmissionOptions): Submission {
  const text = withoutFromLine(message);
  const fields = [...headerFields(text)];
  const bodyStart = fields.at(-1)?.end ?? 0;
  const content: Uint8Array[] = [];
  let kept = 0;
  for (const field of fields) {
    if (!blindFields.has(field.name)) continue;
    if (field.start > kept) content.push(text.subarray(kept, field.start));
    kept = field.end;
  }
  if (bodyStart > kept) content.push(text.subarray(kept, bodyStart));
  content.push(Buffer.from(missingFields(fields, options), 'utf8'));
  if (!isEmptyLine(text, bodyStart)) content.push(newline);
  content.push(bodyOf(text.subarray(bodyStart)));
  return {
    content: content.filter((piece) => piece.length > 0),
    ...recipientsOf(text, fields, options.hostname),
    brokenField: fields.find(({ start, end }) => loneCr(text.subarray(0, end), start) >= 0)?.name,
  };
}

function bodyOf(body: Uint8Array): Uint8Array {
  let lone = loneCr(body, 0);
  if (lone < 0) return body;
  const out = Buffer.allocUnsafe(body.length * 2);
  let length = 0;
  for (let from = 0; from < body.length; lone = loneCr(body, from)) {
    const to = lone < 0 ? body.length : lone;
    out.set(body.subarray(from, to), length);
    length += to - from;
    if (lone >= 0) {
      out.set(newline, length);
      length += 2;
    }
    from = to + 1;
  }
  return out.subarray(0, length);
}

/** The index of the first CR at or after `from` that no LF follows; -1 if there is none. */
function loneCr(text: Uint8Array, from: number): number {
  let at = text.indexOf(carriageReturn, from);
  while (at >= 0 && text[at + 1] === lineFeed) at = text.indexOf(carriageReturn, at + 2);
  return at;
}

function withoutFromLine(message: Uint8Array): Uint8Array {
  if (Buffer.compare(message.subarray(0, fromLine.length), fromLine) !== 0) return message;
  const lf = message.indexOf(0x0a);
  return lf === -1 ? message : message.subarray(lf + 1);
}

function recipientsOf(
  text: Uint8Array,
  fields: readonly HeaderField[],
  hostname: string,
): Pick<Submission, 'recipients' | 'invalidRecipients'> {
  const resent = fields.some((field) => resentRecipientFields.has(field.name));
  const names = resent ? resentRecipientFields : recipientFields;
  const recipients = new Set<string>();
  const invalidRecipients: string[] = [];
  for (const field of fields) {
    if (!names.has(field.name)) continue;
    const value = Buffer.from(text.subarray(field.valueStart, field.end)).toString('utf8');
    const list = parseAddressList(value, hostname);
    for (const address of list.addresses) recipients.add(address);
    for (const entry of list.invalid) invalidRecipients.push(entry);
  }
  return { recipients: [...recipients], invalidRecipients };
}

function missingFields(fields: readonly HeaderField[], options: SubmissionOptions): string {
  const names = new Set(fields.map((field) => field.name));
  let added = '';
  if (!names.has('from')) added += `From: ${fromMailbox(options)}\r\n`;
  if (!names.has('date')) added += `Date: ${formatDateTime(options.nowMs)}\r\n`;
  if (!names.has('message-id')) added += `Message-ID: ${messageId(options.hostname, options.nowMs)}\r\n`;
  return added;
}

function fromMailbox(options: SubmissionOptions): string {
  const name = options.fromName.replaceAll(/[\x00-\x1f\x7f]/g, ' ').trim();
  if (name === '') return options.fromAddress;
  return `${displayName(name)} <${options.fromAddress}>`;
}

/** A display name as atoms, as a quoted string, or, if it is not ASCII, as encoded words (RFC 5322 3.2.5, RFC 2047). */
function displayName(name: string): string {
  if (/^[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+$/.test(name)) return name;
  if (/^[\x20-\x7e]+$/.test(name)) return `"${name.replaceAll(/["\\]/g, '\\$&')}"`;
  const words: string[] = [];
  let word = '';
  for (const character of name) {
    // RFC 2047 2: an encoded word has at most 75 characters, and holds whole characters (5).
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  words.push(word);
  return words.map((part) => `=?utf-8?B?${Buffer.from(part).toString('base64')}?=`).join('\r\n ');
}
