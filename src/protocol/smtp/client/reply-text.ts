// Replies and failures as text on one line.

import type { RemoteReply, SessionFailure } from './client-types.ts';

/** Does the text begin with its status, in a form that the parser of replies leaves in the text? */
function beginsWithStatus(text: string, enhanced: string): boolean {
  return text.startsWith(enhanced) || ('#(['.includes(text.charAt(0)) && text.startsWith(enhanced, 1));
}

/** Code, enhanced status and text. A status that is in the text is not repeated. */
export function replyWords(code: number, enhanced: string, text: string): string {
  const isInText = enhanced === '' || beginsWithStatus(text, enhanced);
  return `${code}${isInText ? '' : ` ${enhanced}`}${text === '' ? '' : ` ${text}`}`;
}

/** The reply alone: `550 5.1.1 no such user`. */
export function replyText({ code, enhanced, lines }: Omit<RemoteReply, 'command'>): string {
  return replyWords(code, enhanced, lines.join(' '));
}

/** The reply with the command that it answers: `550 5.1.1 no such user (in reply to RCPT)`. */
function answerText(reply: RemoteReply): string {
  const { command } = reply;
  return `${replyText(reply)} (in reply to ${command === 'idle' ? 'nothing' : command})`;
}

/**
 * A reply inside a sentence of ours, with the command that it answers: `"354 go" to MAIL`. The words of a server are between
 * quotes, and have none themselves, so that they cannot pass for ours.
 */
export function quotedAnswer(reply: RemoteReply): string {
  const { command } = reply;
  return `${quoted(replyText(reply))} to ${command === 'idle' ? 'nothing' : command}`;
}

/** A text of a server between quotes. */
export function quoted(text: string): string {
  return `"${text.replaceAll('"', "'")}"`;
}

/** The text of a failure. */
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
