// What a POP3 session tells its owner, and what it is given.

/** How clients may log in. Names in upper case. */
export interface Pop3Logins {
  /** Mechanisms before TLS. */
  readonly clear: readonly string[];
  /** Mechanisms under TLS. */
  readonly secure: readonly string[];
}

export interface Pop3SessionOptions {
  /** In the greeting, after +OK. */
  readonly greeting: string;
  /** RFC 2449 6.9. */
  readonly implementation: string;
  readonly logins: Pop3Logins;
  /** STLS is offered (RFC 2595 4). */
  readonly offersTls: boolean;
  /** RFC 2449 6.5; 0: none. */
  readonly loginDelaySeconds: number;
  /** Commands that fail by themselves, after which the session ends; 0: no limit. */
  readonly maxErrors: number;
}

/** What the connection has to offer once it is under TLS. */
export interface Pop3Security {
  /** SCRAM with PLUS can bind to the connection. */
  readonly isBindable: boolean;
  /** The client has a certificate that names users: EXTERNAL. */
  readonly isIdentified: boolean;
}

/** The messages of a mailbox as they are while a session lasts. Numbers begin with 1 (RFC 1939 5). */
export interface Maildrop {
  readonly count: number;
  /** Octets as they are sent, with CRLF and without dot-stuffing; undefined: it has not been measured. */
  sizeOf(number: number): number | undefined;
  /** RFC 1939 7: 1 to 70 characters from 0x21 to 0x7E, unique in the mailbox for ever. */
  uidOf(number: number): string;
}

export type Pop3Event =
  /** Answered by `opened`, `refuse` or `end`. */
  | { readonly kind: 'password'; readonly login: string; readonly password: string }
  /** Answered by `challenge`, `opened`, `refuse` or `end`. `response` is undefined when none came with the command. */
  | { readonly kind: 'auth'; readonly mechanism: string; readonly response: Uint8Array | undefined }
  /** The response to a challenge. Answered as `auth`. */
  | { readonly kind: 'response'; readonly bytes: Uint8Array }
  /** The client has broken off an exchange, and has its reply. */
  | { readonly kind: 'unauthenticated' }
  /** Answered by `startTls` or `refuse`. */
  | { readonly kind: 'stls' }
  /** Sizes are needed: of one message, or of all. Answered by `measured` or `refuse`. */
  | { readonly kind: 'measure'; readonly number: number | undefined }
  /** The client wants a message. Answered by `refuse`, or by `begin`, any number of `content`, and `done`. `lines` is that of TOP. */
  | { readonly kind: 'message'; readonly number: number; readonly lines: number | undefined }
  /** QUIT: these messages are to be removed, and those retrieved have been read. Answered by `updated`. */
  | { readonly kind: 'update'; readonly deleted: readonly number[]; readonly retrieved: readonly number[] }
  /** The session is over: the connection is closed once the output is written. `isQuit`: the client has asked for it. */
  | { readonly kind: 'close'; readonly isQuit: boolean };

/** RFC 2449 8, 3206 and 6856. `''`: none. */
export type ResponseCode = '' | 'AUTH' | 'IN-USE' | 'LOGIN-DELAY' | 'SYS/TEMP' | 'SYS/PERM';
