// Takes apart the replies that a session of SMTP of this process has written (RFC 5321 4.2). They come whole.

import { Buffer } from 'node:buffer';

export interface SaidReply {
  readonly code: number;
  readonly enhanced: string | undefined;
  readonly text: string;
}

export class SmtpReplies {
  /** Lines of the reply that is being read, but for its last one. */
  #texts: string[] = [];

  read(bytes: Uint8Array): SaidReply[] {
    const replies: SaidReply[] = [];
    for (const line of Buffer.from(bytes).toString('utf8').split('\r\n')) {
      const parts = /^(\d{3})([ -])(?:([245]\.\d{1,3}\.\d{1,3}) )?(.*)$/su.exec(line);
      if (parts === null) continue;
      const [, code, mark, enhanced, text = ''] = parts;
      this.#texts.push(text);
      if (mark === '-') continue;
      replies.push({ code: Number(code), enhanced, text: this.#texts.join(' ') });
      this.#texts = [];
    }
    return replies;
  }
}
