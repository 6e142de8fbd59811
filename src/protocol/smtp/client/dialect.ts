// In what the protocols differ that an SMTP client session can speak: SMTP itself, and its relative LMTP (RFC 2033).

export interface ClientDialect {
  readonly hello: 'EHLO' | 'LHLO';
  /** HELO is tried with a server that does not know the greeting. */
  readonly fallsBackToHelo: boolean;
  /** After the content there is one reply for each accepted recipient, in the order of their RCPTs, and not one for all. */
  readonly repliesPerRecipient: boolean;
}

export const smtpDialect: ClientDialect = {
  hello: 'EHLO',
  // RFC 5321 3.2
  fallsBackToHelo: true,
  repliesPerRecipient: false,
};
