// What a server said, or what went wrong with it, on one line for people.

import type { RemoteReply, SessionFailure } from './client-types.ts';

/** The text begins with its status, in a way that the parser of replies leaves in it. */
function says(text: string, enhanced: string): boolean {
  return text.startsWith(enhanced) || ('#(['.includes(text.charAt(0)) && text.startsWith(enhanced, 1));
}

/** Code, enhanced status and text as far as there are any, the status once. */
export function replyWords(code: number, enhanced: string, text: string): string {
  const isInText = enhanced === '' || says(text, enhanced);
  return `${code}${isInText ? '' : ` ${enhanced}`}${text === '' ? '' : ` ${text}`}`;
}

/** The reply alone: `550 5.1.1 no such user`. */
export function replyText({ code, enhanced, lines }: Omit<RemoteReply, 'command'>): string {
  return replyWords(code, enhanced, lines.join(' '));
}

/** The reply, and what it answers: `550 5.1.1 no such user (in reply to RCPT)`. */
export function answerText(reply: RemoteReply): string {
  const { command } = reply;
  return `${replyText(reply)} (in reply to ${command === 'idle' ? 'nothing' : command})`;
}

/** Why a recipient was not taken, or why a session never became ready. */
export function failureText(failure: SessionFailure): string {
  switch (failure.kind) {
    case 'reply':
      return answerText(failure.reply);
    case 'broken':
      return failure.text;
    case 'unsent':
      return replyWords(failure.code, failure.enhanced, failure.text);
  }
}
