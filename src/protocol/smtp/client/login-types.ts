// What a client session needs to log in (RFC 4954): mechanisms of SASL (RFC 4422), each with its exchange. The session carries
// challenges and responses, and knows none of the mechanisms.

export interface ClientLogin {
  /** In the order in which they are tried. */
  readonly mechanisms: readonly ClientMechanism[];
  /** What may be said about the log-in, when the server offers none of the mechanisms: which they are, or why there is none. */
  readonly allowed: string;
  /** Never shown. A server may repeat in its reply what it was told. */
  readonly secrets: readonly string[];
}

export interface ClientMechanism {
  /** In upper case. */
  readonly name: string;
  /** @param offered - mechanisms of the server, in upper case */
  begin(offered: readonly string[]): ClientExchange;
}

/** The client's side of one exchange. */
export interface ClientExchange {
  /** The initial response; undefined: the server speaks first. */
  readonly initial: Uint8Array | undefined;
  /** The text of challenges matters; false: whatever the server sends, even what is no base64, asks for the next response. */
  readonly readsChallenges: boolean;
  /** Answers a challenge, one after the other. */
  respond(challenge: Uint8Array): ClientStep;
  /** Goes on after the step `derive`. */
  derived(key: Uint8Array): ClientStep;
  /** The server says that the log-in has succeeded. Returns why that cannot be believed, or undefined. */
  disbelief(): string | undefined;
}

export type ClientStep =
  | { readonly kind: 'response'; readonly bytes: Uint8Array }
  /** PBKDF2 with HMAC-SHA-256 of the password, which takes time (RFC 5802 3). */
  | { readonly kind: 'derive'; readonly salt: Uint8Array; readonly iterations: number }
  /** The server does not follow the mechanism, or is not who it should be. */
  | { readonly kind: 'cancel'; readonly reason: string };
