// A refusing reply on one line, for logs, DSNs and rules: `550 5.1.1 no such user (in reply to RCPT)`. The reply comes
// first, so that whoever looks for a code finds it at the start of every error that a server has caused.

import type { RemoteReply } from './client-types.ts';

const inReplyTo = / \(in reply to ([A-Za-z]+)\)$/;

/** The reply alone: code, enhanced status and text as far as there are any, the status once. */
export function replyText({ code, enhanced, text }: Omit<RemoteReply, 'command'>): string {
  const isInText = enhanced === '' || text.startsWith(`#${enhanced}`);
  return `${code}${isInText ? '' : ` ${enhanced}`}${text === '' ? '' : ` ${text}`}`;
}

/** The reply, and what it answers. */
export function errorText(reply: RemoteReply): string {
  return `${replyText(reply)} (in reply to ${reply.command})`;
}

/** Takes an `errorText` apart; `command` is empty for any other error. */
export function splitErrorText(error: string): { readonly command: string; readonly reply: string } {
  const match = inReplyTo.exec(error);
  if (match === null) return { command: '', reply: error };
  return { command: match[1] ?? '', reply: error.slice(0, match.index) };
}
