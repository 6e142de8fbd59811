// The types of an SMTP client session: options, transactions, replies, outcomes and events. Plain data, shared by the session and
// the code that owns the socket.

import type { Onward } from '../../../values/onward-mail.ts';
import type { ClientDialect } from './dialect.ts';
import type { ForwardedClient } from './xforward.ts';

export interface ClientSessionOptions {
  /** Our name in EHLO, HELO and LHLO: a domain or an address literal (RFC 5321 4.1.1.1). */
  readonly heloName: string;
  /** Names of this server, in lower case: a server that calls itself so is this one, and mail to it would loop. None when not given. */
  readonly ownNames?: ReadonlySet<string> | undefined;
  /** SMTP when not given. */
  readonly dialect?: ClientDialect | undefined;
  /**
   * TLS: by STARTTLS (RFC 3207) where the server offers it (`want`), or not at all without it (`must`), or before the greeting
   * (`implicit`, RFC 8314 3.3); `never` when not given.
   */
  readonly tls?: 'never' | 'want' | 'must' | 'implicit' | undefined;
  /** Log in (RFC 4954) before anything is sent: the event `login` asks for it. False when not given. */
  readonly logsIn?: boolean | undefined;
  /** Use PIPELINING (RFC 2920) when the server announces it; true when not given. */
  readonly pipelining?: boolean | undefined;
  /**
   * The most transactions that may be on the way with a server that offers PIPELINING, if their content goes by DATA, or by BDAT
   * (`chunking`); one when not given.
   */
  readonly depth?: PipelineDepth | undefined;
  /** Send the content of small messages together with their commands (BDAT, RFC 3030) where CHUNKING and PIPELINING are offered; false when not given. */
  readonly chunking?: boolean | undefined;
  /**
   * Messages that have to pass by DATA behind others before content is sent ahead of its 354; none when not given. All other commands
   * are answered 250, so a server that swallows a whole group would go unnoticed: the replies to the next one would pass for its own.
   */
  readonly probes?: number | undefined;
  /** EHLO keywords in upper case that are treated as not announced; none when not given. */
  readonly ignoredExtensions?: ReadonlySet<string> | undefined;
  /** The most bytes of one reply with all its lines; more is a protocol error. 16 KiB when not given. */
  readonly maxReplyBytes?: number | undefined;
  /**
   * What to do with an 8BITMIME message for a server that does not announce 8BITMIME. RFC 6152 3 wants it converted or returned
   * (`fail`). `send`, the default, sends it unchanged, as most MTAs do: nearly every server is 8-bit clean.
   */
  readonly downgrade8bit?: 'send' | 'fail' | undefined;
}

export interface PipelineDepth {
  readonly data: number;
  readonly chunking: number;
}

/** One recipient with its DSN parameters. `EnvelopeRecipient` of the message room has this form. */
export interface ClientRecipient {
  /** The forward path without angle brackets. */
  readonly address: string;
  readonly notify?:
    | {
        readonly never: boolean;
        readonly success: boolean;
        readonly failure: boolean;
        readonly delay: boolean;
      }
    | undefined;
  /** The decoded ORCPT, `addr-type;address` (RFC 3461 4.2). */
  readonly originalRecipient?: string | undefined;
}

/** One message for one or more recipients. */
export interface ClientTransaction {
  /** Without angle brackets; empty for the null sender (RFC 5321 4.5.5). */
  readonly reversePath: string;
  readonly recipients: readonly ClientRecipient[];
  /** Bytes of the content before dot-stuffing (RFC 1870 3). */
  readonly sizeBytes: number;
  /** Bytes of the content as one chunk of BDAT, which the shell can write together with the commands; undefined: it goes by DATA. */
  readonly chunkBytes?: number | undefined;
  readonly body: '7BIT' | '8BITMIME';
  /** Does the header need SMTPUTF8 (RFC 6531)? Addresses that need it are found by the session. */
  readonly smtpUtf8: boolean;
  readonly ret?: 'FULL' | 'HDRS' | undefined;
  /** The decoded ENVID (RFC 3461 4.4). */
  readonly envelopeId?: string | undefined;
  /** MT-PRIORITY (RFC 6710), -9 to 9; none when it was not given. */
  readonly priority?: number | undefined;
  /** The message may go only to a server that takes it with REQUIRETLS (RFC 8689). */
  readonly requireTls?: boolean | undefined;
  /** Where the message came from, for a server that offers XFORWARD; undefined: it is told of nobody. */
  readonly forwarded?: ForwardedClient | undefined;
  /** Two delimiters (VERP): each recipient is to have a sender of its own. Only to a server that offers XVERP. */
  readonly verp?: string | undefined;
  /** There is no message: only MAIL and RCPT are sent, and then RSET. A recipient that was accepted has the result `delivered`. */
  readonly isCheck?: true | undefined;
}

/** The command that a reply answers; `connect` for the connection, `content` for the end of the content, `idle` for no command. */
export type RepliedCommand =
  | 'connect'
  | 'idle'
  | 'EHLO'
  | 'HELO'
  | 'LHLO'
  | 'STARTTLS'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'content'
  | 'RSET'
  | 'QUIT';

/** A reply of the server, ready to be logged: no control characters, at most 2,000 characters in all lines. */
export interface RemoteReply {
  readonly code: number;
  /** Enhanced status code (RFC 2034, RFC 3463), e.g. `5.1.1`; empty for none. One in brackets or with a hash stays in the first line, too. */
  readonly enhanced: string;
  /** The lines without codes. Lines without text are left out. */
  readonly lines: readonly string[];
  readonly command: RepliedCommand;
}

/** The reason why a recipient was not accepted, or why a session never became ready. */
export type SessionFailure =
  /** The server refused. */
  | { readonly kind: 'reply'; readonly reply: RemoteReply }
  /** The connection was lost or timed out, or the server broke the protocol, or TLS failed; `text` is one line. */
  | {
      readonly kind: 'broken';
      readonly during: RepliedCommand;
      readonly text: string;
      /** Enhanced status code (RFC 3463) where the step does not say enough. */
      readonly enhanced?: string | undefined;
    }
  /** Nothing was sent, because this server cannot accept it; `code` and `enhanced` are what it would have replied. */
  | {
      readonly kind: 'unsent';
      readonly during: RepliedCommand;
      readonly code: number;
      readonly enhanced: string;
      readonly text: string;
    };

/** The outcome for one recipient; `recipient` is its index in the transaction. */
export type RecipientOutcome =
  | {
      readonly recipient: number;
      readonly result: 'delivered';
      readonly reply: RemoteReply;
      /** Of a delivery on this host: what has to go on to others. */
      readonly onward?: Onward | undefined;
    }
  | {
      readonly recipient: number;
      readonly result: 'tempfail' | 'permfail';
      readonly failure: SessionFailure;
      /** Of a delivery on this host: it was not tried, and is to be tried again in so many ms. */
      readonly retryInMs?: number | undefined;
    };

export type ClientEvent =
  /** The server is ready for TLS: put TLS over the connection, then call `secured`, or `disconnected` when it fails. */
  | { readonly kind: 'handshake' }
  /** The server offers AUTH: call `logIn`, or `loginFailed`. */
  | { readonly kind: 'login' }
  /** The log-in needs PBKDF2 with HMAC-SHA-256 of the password: call `derived`, or `loginFailed`. */
  | { readonly kind: 'derive'; readonly salt: Uint8Array; readonly iterations: number }
  /** Nothing is on the way: `begin` or `quit` may be called. */
  | { readonly kind: 'ready' }
  /** The server replied 354: write the content with dot-stuffing and its end, then call `contentSent`. */
  | { readonly kind: 'content' }
  /**
   * The oldest transaction on the way is over, with one outcome per recipient in their order. If reusable and no other is on the way,
   * `ready` or `close` follows.
   */
  | { readonly kind: 'done'; readonly outcomes: readonly RecipientOutcome[]; readonly reusable: boolean }
  /** The session never became ready. `close` follows. */
  | { readonly kind: 'failed'; readonly failure: SessionFailure; readonly permanent: boolean }
  /**
   * Send the output and close the socket. Always the last event, exactly once. Transactions without `done` were not taken up, and can
   * be given to another session; there are none unless several were on the way.
   */
  | { readonly kind: 'close' };

/** What the session waits for: the reply to the oldest command without one. It decides the timeout (RFC 5321 4.5.3.2). */
export type ClientPhase =
  | 'greeting'
  | 'helo'
  | 'starttls'
  | 'handshake'
  | 'auth'
  | 'idle'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'content'
  | 'final'
  | 'rset'
  | 'quit'
  | 'closed';
