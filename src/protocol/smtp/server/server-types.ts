// The types of an SMTP server session: options, events and replies. Plain data without behaviour.

import type { EtrnNode } from '../../../values/etrn-node.ts';

/** How a session behaves. All sessions of a listener should share one object, since replies are cached for each object. */
export interface ServerSessionOptions {
  /** `smtp` if not given. */
  readonly protocol?: 'smtp' | 'lmtp' | 'qmqp' | 'qmtp';
  /** The name in the greeting, in answers to HELO and EHLO, and in 221 and 421. */
  readonly hostname: string;
  /** The text after the host name in the greeting; `ESMTP Sluice` if not given. */
  readonly greeting?: string;
  /** The largest message in octets (RFC 1870); 0 for no limit. */
  readonly maxMessageBytes: number;
  /** The most recipients of one transaction; further ones are answered 452 4.5.3 (RFC 5321 4.5.3.1.10). */
  readonly maxRecipients: number;
  /** After this many replies of 5xx the session ends with 421; 0 for no limit. */
  readonly maxErrors: number;
  /** The longest command line in octets, including its CRLF (RFC 5321 4.5.3.1.4, RFC 6531 3.4, RFC 3461 5). */
  readonly maxCommandLineBytes: number;
  /** The longest line of content in octets, including its CRLF (RFC 5321 4.5.3.1.6), else 554 5.6.0; 0 for no limit. */
  readonly maxTextLineBytes: number;
  /** After this many transactions the session ends with 421; 0 for no limit. */
  readonly maxTransactions: number;
  /**
   * What to do about a bare CR or LF in content (RFC 5321 2.3.8): `refuse` the message with 550, or `repair` it, see `LineRepair`. In
   * both cases it cannot end the message, and a bare CR never begins a header field.
   */
  readonly bareNewlines: 'refuse' | 'repair';
  /** Whether STARTTLS is offered (RFC 3207), or even needed before any mail; undefined where TLS is not possible. */
  readonly startTls?: 'offered' | 'required' | undefined;
  /** Mechanisms of AUTH (RFC 4954), in upper case, the best first; undefined where there is no AUTH. */
  readonly auth?: AuthOffer | undefined;
  /** Whether commands that nobody knows are events. */
  readonly tellsUnrecognized?: boolean | undefined;
  readonly extensions: ServerExtensions;
  /** Whether ETRN is offered (RFC 1985). */
  readonly etrn?: boolean | undefined;
}

export interface AuthOffer {
  /** Offered in clear. */
  readonly clear: readonly string[];
  /** Offered under TLS. */
  readonly secure: readonly string[];
}

/** Deviations from SMTP that a session accepts from our own devices and programs. */
export interface Leniency {
  /** Accepts paths without brackets, additional blanks, and HELO with any name or none (against RFC 5321 4.1.2, 4.1.1.1). */
  readonly oddCommands: boolean;
  /** The domain for a sender or recipient that has none; empty to refuse such an address. */
  readonly defaultDomain: string;
  /** Offers XCLIENT, and takes no mail before it has said an address. */
  readonly xclient?: boolean | undefined;
  /** Offers XFORWARD. */
  readonly xforward?: boolean | undefined;
  /** Offers XVERP. */
  readonly xverp?: boolean | undefined;
}

/** What XCLIENT says of a client. Undefined: not said, so that it stays as it was; empty: not available. */
export interface XclientFacts {
  /** From the reverse DNS of the address. */
  readonly name: string | undefined;
  /** In canonical form. */
  readonly address: string | undefined;
  readonly port: string | undefined;
  /** `SMTP` or `ESMTP`. */
  readonly protocol: string | undefined;
  readonly helo: string | undefined;
  /** The user as whom the client has authenticated. */
  readonly login: string | undefined;
  /** Where the client has connected. */
  readonly destination: string | undefined;
  readonly destinationPort: string | undefined;
}

/** What XFORWARD says of the client that handed a message in elsewhere. For logs alone. Undefined: not said; empty: not available. */
export interface ForwardedFacts {
  readonly name: string | undefined;
  readonly address: string | undefined;
  readonly port: string | undefined;
  readonly protocol: string | undefined;
  readonly helo: string | undefined;
  /** The queue id at the front end. */
  readonly id: string | undefined;
  /** `LOCAL` or `REMOTE`. */
  readonly source: string | undefined;
}

/** The service extensions that the answer to EHLO announces; `vrfy`: whether the caller answers VRFY. */
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
  /** SIZE (RFC 1870); 0 if not given. */
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
  /** REQUIRETLS (RFC 8689). */
  readonly requireTls?: boolean;
  /** XVERP of Postfix: two delimiters. */
  readonly verp?: string;
  /** MT-PRIORITY (RFC 6710 7), -9 to 9. The caller decides whether the client may set it. */
  readonly priority?: number;
}

/** `NOTIFY` (RFC 3461 4.1), in the form that an envelope has it. */
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

/** What a session asks or tells its caller. Each kind says whether it needs an answer by `accept` or `reject`. */
export type ServerEvent =
  /** HELO or EHLO: needs an answer. */
  | { readonly kind: 'hello'; readonly extended: boolean; readonly name: string }
  /** Needs an answer. Accepted: send the output, put TLS over the connection, and call `secured` when the handshake is through. */
  | { readonly kind: 'starttls' }
  /**
   * AUTH (RFC 4954): needs an answer, `challenge` for more to come. The mechanism is one of those that are offered.
   * The response is undefined when none came with the command.
   */
  | { readonly kind: 'auth'; readonly mechanism: string; readonly response: Uint8Array | undefined }
  /** The response to a challenge: needs an answer as `auth` does. */
  | { readonly kind: 'response'; readonly bytes: Uint8Array }
  /** The client has given up AUTH, or has broken its rules; it has its reply. */
  | { readonly kind: 'unauthenticated' }
  /** A command that nobody knows; only where `tellsUnrecognized` is set. Needs an answer. @param line - without CRLF, one character for each byte */
  | { readonly kind: 'unrecognized'; readonly line: string }
  /** XCLIENT: needs an answer. Accepted by `restart`, it ends what the session was so far. */
  | { readonly kind: 'xclient'; readonly facts: XclientFacts }
  /** XFORWARD, about the messages that follow: needs an answer. */
  | { readonly kind: 'xforward'; readonly facts: ForwardedFacts }
  /** Needs an answer. The path is without brackets; the null path is empty. */
  | { readonly kind: 'mail'; readonly reversePath: string; readonly params: MailParameters }
  /** Needs an answer. `postmaster` may come without a domain (RFC 5321 4.5.1). */
  | { readonly kind: 'rcpt'; readonly forwardPath: string; readonly params: RcptParameters }
  /** DATA or the first BDAT of a message: needs an answer. */
  | { readonly kind: 'data' }
  /** The next piece of content, without dot-stuffing; a view into a received chunk where possible. */
  | { readonly kind: 'content'; readonly bytes: Uint8Array }
  /** The content is complete: needs an answer. */
  | { readonly kind: 'end' }
  /** The transaction ended without an `end`: drop it. */
  | { readonly kind: 'reset' }
  /** Needs an answer. Comes only if `extensions.vrfy` is set. */
  | { readonly kind: 'vrfy'; readonly argument: string }
  /** ETRN: is answered by `reject` in any case, since its replies have codes of their own (RFC 1985 5.3). */
  | { readonly kind: 'etrn'; readonly node: EtrnNode }
  /** The reply 221 is queued: send the output and close the connection. The last event. */
  | { readonly kind: 'quit' }
  /** 421 or another last reply is queued: send the output and close the connection. The last event. */
  | { readonly kind: 'close' };

/** What the client is to send next, which decides its timeout (RFC 5321 4.5.3.2.7). */
export type ServerPhase = 'greeting' | 'command' | 'response' | 'handshake' | 'content' | 'closed';
