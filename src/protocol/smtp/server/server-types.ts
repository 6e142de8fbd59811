// What goes in and out of an SMTP server session: options, events, and replies. Plain data, no behaviour.

/** How a session behaves; the same object is meant to serve all sessions of a listener. */
export interface ServerSessionOptions {
  /** In the greeting, in answers to HELO and EHLO, and in 221 and 421. */
  readonly hostname: string;
  /** What follows the host name in the greeting; `ESMTP Sluice` if not given. */
  readonly greeting?: string;
  /** Largest message in octets (RFC 1870); 0: no limit. */
  readonly maxMessageBytes: number;
  /** Accepted recipients of one transaction; beyond: 452 4.5.3 (RFC 5321 4.5.3.1.10). */
  readonly maxRecipients: number;
  /** Refused commands (5xx) before 421 and the end; 0: no limit. */
  readonly maxErrors: number;
  /** Longest command line in octets, with its CRLF (RFC 5321 4.5.3.1.4, RFC 6531 3.4, RFC 3461 5). */
  readonly maxCommandLineBytes: number;
  /** Longest line of content in octets, with its CRLF (RFC 5321 4.5.3.1.6); longer: 554 5.6.0; 0: no limit. */
  readonly maxTextLineBytes: number;
  /** Transactions in one session, then 421; 0: no limit. */
  readonly maxTransactions: number;
  /**
   * A CR or LF alone in content (RFC 5321 2.3.8): `refuse` the message with 550, or `repair` it, see `LineRepair`. Neither way can
   * it end the message, and a CR alone never begins a header field.
   */
  readonly bareNewlines: 'refuse' | 'repair';
  readonly extensions: ServerExtensions;
}

/** What a session forgives its client: devices and programs of our own write commands as they like. */
export interface Leniency {
  /** Paths without brackets, blanks where none belong, and HELO with any name or none (beyond RFC 5321 4.1.2, 4.1.1.1). */
  readonly oddCommands: boolean;
  /** Completes a sender or recipient that has no domain; empty: such an address is refused. */
  readonly defaultDomain: string;
}

/** Which service extensions are offered in the answer to EHLO; `vrfy`: whether VRFY is asked of the caller. */
export interface ServerExtensions {
  readonly pipelining: boolean;
  readonly chunking: boolean;
  readonly smtpUtf8: boolean;
  readonly eightBitMime: boolean;
  readonly dsn: boolean;
  readonly size: boolean;
  readonly vrfy: boolean;
  /** RFC 6710; off when not given. */
  readonly mtPriority?: boolean | undefined;
}

/** A reply that the caller composes. */
export interface Reply {
  /** 4xx or 5xx; 421 closes the connection (RFC 5321 3.8). */
  readonly code: number;
  /** Enhanced status code (RFC 3463), e.g. `5.1.1`; not sent to a client that said HELO (RFC 2034). */
  readonly enhanced?: string | undefined;
  /** One line, or several. */
  readonly text: string | readonly string[];
}

/** Parameters of MAIL. */
export interface MailParameters {
  /** SIZE (RFC 1870); 0: not given. */
  readonly sizeBytes: number;
  /** BODY (RFC 6152); `7BIT` if not given. */
  readonly body: '7BIT' | '8BITMIME';
  /** SMTPUTF8 (RFC 6531). */
  readonly smtpUtf8: boolean;
  /** RET (RFC 3461 4.3). */
  readonly ret?: 'FULL' | 'HDRS';
  /** ENVID, decoded (RFC 3461 4.4). */
  readonly envelopeId?: string;
  /** AUTH, decoded: a mailbox or `<>` (RFC 4954 5). */
  readonly auth?: string;
  /** MT-PRIORITY (RFC 6710 7), -9 to 9. What it is worth is for the caller to say. */
  readonly priority?: number;
}

/** `NOTIFY` (RFC 3461 4.1): the same shape as the envelope's. */
export interface RcptNotify {
  readonly never: boolean;
  readonly success: boolean;
  readonly failure: boolean;
  readonly delay: boolean;
}

/** Parameters of RCPT. */
export interface RcptParameters {
  readonly notify?: RcptNotify;
  /** ORCPT, decoded: `addr-type;address` (RFC 3461 4.2). */
  readonly originalRecipient?: string;
}

/** What a session asks or tells its caller; see each kind for whether it waits for `accept` or `reject`. */
export type ServerEvent =
  /** HELO or EHLO: needs an answer. */
  | { readonly kind: 'hello'; readonly extended: boolean; readonly name: string }
  /** Needs an answer. The path comes without brackets; empty is the null path. */
  | { readonly kind: 'mail'; readonly reversePath: string; readonly params: MailParameters }
  /** Needs an answer. `postmaster` may come without a domain (RFC 5321 4.5.1). */
  | { readonly kind: 'rcpt'; readonly forwardPath: string; readonly params: RcptParameters }
  /** DATA or the first BDAT of a message: needs an answer. */
  | { readonly kind: 'data' }
  /** The next piece of content, without dot-stuffing; a view into a received chunk where possible. */
  | { readonly kind: 'content'; readonly bytes: Uint8Array }
  /** The content is complete: needs an answer. */
  | { readonly kind: 'end' }
  /** The transaction ended without an `end`: forget it. */
  | { readonly kind: 'reset' }
  /** Needs an answer. Comes only if `extensions.vrfy` is set. */
  | { readonly kind: 'vrfy'; readonly argument: string }
  /** 221 is queued: flush and end the connection. Nothing follows. */
  | { readonly kind: 'quit' }
  /** 421 or another last reply is queued: flush and end the connection. Nothing follows. */
  | { readonly kind: 'close' };

/** Which timeout is due (RFC 5321 4.5.3.2.7). */
export type ServerPhase = 'greeting' | 'command' | 'content' | 'closed';
