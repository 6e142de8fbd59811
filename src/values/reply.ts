// The SMTP reply of an error route: "550 5.1.2 No such domain" (RFC 5321 4.2, RFC 3463 2).

import { ValueError } from './value-error.ts';

/** The reply that a sender is told. */
export interface Reply {
  /** 400 to 599. */
  readonly replyCode: number;
  /** RFC 3463. Its class is the first digit of the reply code. */
  readonly enhancedStatus: string;
  readonly text: string;
}

/**
 * Reads a 4xx or 5xx reply with or without an enhanced status code.
 * @throws {ValueError} when it is not one.
 */
export function parseReply(text: string): Reply {
  const match = /^([45]\d\d) (?:([245]\.\d{1,3}\.\d{1,3}) )?([\x20-\x7e]+)$/.exec(text);
  if (match === null) {
    throw new ValueError(
      `"${text}" is not a reply; write a 4xx or 5xx code, an enhanced status and a text, e.g. "550 5.1.2 No such domain here"`,
    );
  }
  const code = match[1] ?? '';
  const enhancedStatus = match[2] ?? `${code[0]}.0.0`;
  if (enhancedStatus[0] !== code[0]) {
    throw new ValueError(
      `"${text}": the enhanced status ${enhancedStatus} must begin with ${code[0]} like ${code}`,
    );
  }
  return { replyCode: Number(code), enhancedStatus, text: (match[3] ?? '').trim() };
}
