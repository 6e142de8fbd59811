// The file `maildirsize` of Maildir++ (https://www.courier-mta.org/imap/README.maildirquota.html): its first line is the quota, each further one
// says how many bytes and messages came or went. Other programs write it, too, so that it may have anything in it.

import type { QuotaLimits } from '../../values/shared-quotas.ts';

/** A longer file is made anew from what is in the mailbox. */
export const longestMaildirsize = 5120;

export interface Usage {
  readonly bytes: number;
  readonly messages: number;
}

export interface ReadMaildirsize extends Usage {
  /** Its first line, as it stands there. */
  readonly quota: string;
  /** Lines behind the first. */
  readonly entries: number;
}

/** `1000S,200C`; empty without limits. */
export function quotaLine({ bytes, messages }: QuotaLimits): string {
  return [bytes === undefined ? '' : `${bytes}S`, messages === undefined ? '' : `${messages}C`]
    .filter((part) => part !== '')
    .join(',');
}

/** Does the first line of a file say the same, in whatever order and with whatever it adds? */
export function isSameQuota(line: string, limits: QuotaLimits): boolean {
  const found: { bytes?: number; messages?: number } = {};
  for (const part of line.split(',')) {
    const [, digits, letter] = /^(\d{1,15})([SC])$/.exec(part.trim()) ?? [];
    if (digits === undefined) continue;
    if (letter === 'S') found.bytes = Number(digits);
    else found.messages = Number(digits);
  }
  return found.bytes === limits.bytes && found.messages === limits.messages;
}

/** @returns undefined for what is no such file, or says what cannot be: less than nothing, or more than any disk has */
export function readMaildirsize(text: string): ReadMaildirsize | undefined {
  if (text.length > longestMaildirsize) return undefined;
  const [quota = '', ...lines] = text.split('\n');
  // A line is appended by one write: what follows the last line end was cut off.
  if (lines.pop() !== '') return undefined;
  let [bytes, messages] = [0, 0];
  for (const line of lines) {
    const [, size = '', count = ''] = /^ *(-?\d{1,15}) +(-?\d{1,15}) *$/.exec(line) ?? [];
    if (size === '' || count === '') return undefined;
    bytes += Number(size);
    messages += Number(count);
  }
  const isPossible =
    Number.isSafeInteger(bytes) && Number.isSafeInteger(messages) && bytes >= 0 && messages >= 0;
  return isPossible && lines.length > 0 ? { quota, bytes, messages, entries: lines.length } : undefined;
}

/** A line for what came, or by negative numbers went. */
export function maildirsizeEntry({ bytes, messages }: Usage): string {
  return `${bytes} ${messages}\n`;
}

/** The whole file. */
export function newMaildirsize(limits: QuotaLimits, usage: Usage): string {
  return `${quotaLine(limits)}\n${maildirsizeEntry(usage)}`;
}

/** Is there room for so much more? */
export function hasRoom(limits: QuotaLimits, usage: Usage, more: Usage): boolean {
  const { bytes = Infinity, messages = Infinity } = limits;
  return usage.bytes + more.bytes <= bytes && usage.messages + more.messages <= messages;
}

/** How full a mailbox is, in percent of what is scarcest; 0 without limits. */
export function percentUsed({ bytes, messages }: QuotaLimits, usage: Usage): number {
  const share = (used: number, most: number | undefined): number =>
    most === undefined ? 0 : most === 0 ? 100 : (used / most) * 100;
  return Math.max(share(usage.bytes, bytes), share(usage.messages, messages));
}
