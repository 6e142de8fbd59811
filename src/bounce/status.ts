// Status codes (RFC 3463) out of the one-line errors that delivery leaves, e.g. `RCPT: 550 5.1.1 no such user`. Some servers
// write `#5.1.1`, `(5.1.1)` or `[5.1.1]`: what they mean is clear.

const reply = /^(?:([A-Za-z]+): )?([245])\d\d(?:[ -][#([]?([245]\.\d{1,3}\.\d{1,3})(?![\d.]))?/;

/**
 * The enhanced status code of an error: its own one if it agrees with the reply code's class, else `X.0.0` by that
 * class; `5.0.0` when there is no reply code at all.
 */
export function statusFrom(error: string): string {
  const [, , replyClass, enhanced] = reply.exec(error) ?? [];
  if (replyClass === undefined) return '5.0.0';
  return enhanced?.startsWith(replyClass) === true ? enhanced : `${replyClass}.0.0`;
}

/** An error taken apart: which command the remote server answered, and its reply. */
export interface ErrorParts {
  /** Empty when the error did not come as a reply to a command. */
  readonly command: string;
  /** The error without the command. */
  readonly text: string;
  /** The text begins with a reply code. */
  readonly isReply: boolean;
}

export function errorParts(error: string): ErrorParts {
  const match = reply.exec(error);
  const command = match?.[1] ?? '';
  return {
    command,
    text: command === '' ? error : error.slice(command.length + 2),
    isReply: match !== null,
  };
}
