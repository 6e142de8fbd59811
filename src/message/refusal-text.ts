// A refusal as one line for people: log lines, the queue's list, messages of commands. No code reads it back. Promises: the
// reply comes first, so that its code is at the start of the line; the server or command is in parentheses at the end.

import { replyWords } from '../protocol/smtp/client/reply-text.ts';
import type { RefusedStep, Refusal, RefusingServer } from './refusal.ts';

/** Steps before a session is ready: the log line has no host of its own then. */
const opening: ReadonlySet<RefusedStep> = new Set(['EHLO', 'HELO', 'LHLO', 'STARTTLS', 'AUTH']);

/**
 * A refusal on one line: `550 5.1.1 no such user (in reply to RCPT)`, `421 4.7.0 too many (greeting of mx.example[192.0.2.1]:25)`,
 * `mx.example[192.0.2.1]:25: connection refused`, `unix:/run/dovecot/lmtp: timed out`, `451 4.4.3 DNS server failure`.
 */
export function refusalText({ by, during, code, enhanced, lines }: Refusal): string {
  const text = lines.join(' ');
  switch (by.kind) {
    case 'local':
      return code === 0 ? text : replyWords(code, enhanced, text);
    case 'damage':
      return replyWords(code, enhanced, `the stored message is damaged: ${text}`);
    case 'connection':
      return `${serverText(by)}: ${text}`;
    case 'remote': {
      const said = replyWords(code, enhanced, text);
      const peer = serverText(by);
      if (during === 'connect') return `${said} (greeting of ${peer})`;
      if (opening.has(during)) return `${said} (reply to ${during} of ${peer})`;
      return `${said} (in reply to ${during === 'idle' ? 'nothing' : during})`;
    }
  }
}

/** A server as people read it; one at a Unix-domain socket has no address beside its name. */
export function serverText({ host, address, port }: RefusingServer): string {
  return address === '' ? host : `${host}[${address}]:${port}`;
}
