// The client side of ETRN (RFC 1985) on a session that is ready: one command after the other. Promise: whatever the server says, one reply is read
// for each command, and memory is bounded.

import { quotedAnswer, replyText } from '../../protocol/smtp/client/reply-text.ts';
import { ReplyParser } from '../../protocol/smtp/client/reply-parser.ts';
import type { EtrnReply } from './types.ts';

/** Of one reply, with all its lines. */
const mostReplyBytes = 16 * 1024;
const mostText = 500;

/** What there is to do after bytes of the server. */
export type EtrnStep =
  | { readonly kind: 'wait' }
  | { readonly kind: 'send'; readonly command: string }
  | { readonly kind: 'done'; readonly replies: readonly EtrnReply[] }
  | { readonly kind: 'broken'; readonly reason: string };

export class EtrnExchange {
  readonly #parser = new ReplyParser(mostReplyBytes);
  readonly #nodes: readonly string[];
  readonly #replies: EtrnReply[] = [];

  /** @param nodes - one at least, none with a control character */
  constructor(nodes: readonly string[]) {
    this.#nodes = nodes;
  }

  /** The first command. */
  begin(): string {
    return this.#command();
  }

  /** Takes bytes of the server. */
  take(bytes: Uint8Array): EtrnStep {
    this.#parser.push(bytes);
    if (!this.#parser.next())
      return this.#parser.error === '' ? { kind: 'wait' } : { kind: 'broken', reason: this.#parser.error };
    const reply = this.#parser.reply('idle');
    // RFC 5321 3.8: the server closes after 421, whatever was asked.
    if (reply.code === 421) return { kind: 'broken', reason: replyText(reply).slice(0, mostText) };
    if (this.#parser.unreadBytes > 0)
      return {
        kind: 'broken',
        reason: `protocol error: more than one reply, the first ${quotedAnswer(reply)}`,
      };
    const node = this.#nodes[this.#replies.length] ?? '';
    this.#replies.push({ node, code: reply.code, text: replyText(reply).slice(0, mostText) });
    return this.#replies.length < this.#nodes.length
      ? { kind: 'send', command: this.#command() }
      : { kind: 'done', replies: this.#replies };
  }

  #command(): string {
    return `ETRN ${this.#nodes[this.#replies.length] ?? ''}\r\n`;
  }
}
