// How outgoing mail gets its signatures: what a process without private keys asks, and what it is told. Who answers has the keys.

/** What decides which keys sign a message. */
export interface MailFacts {
  /** The domain of the From field, as lower-case A-labels. */
  readonly author: string;
  /** Empty for mail of no tenant. */
  readonly tenant: string;
  /** The address of the user who has logged in; empty for others. */
  readonly user: string;
  /** Names of the routes that the recipients take; empty for one without a name. Not looked at where no key is for a route. */
  readonly routes: readonly string[];
}

/** The names of the routes that recipients take, each once. */
export type RoutesOf = (reversePath: string, recipients: readonly string[]) => readonly string[];

export interface SigningRequest extends MailFacts {
  /** The fields that may be signed, as they leave, one character for each byte. */
  readonly header: string;
  /** In base64, by canonicalization. */
  readonly bodyHashes: { readonly simple?: string | undefined; readonly relaxed?: string | undefined };
  /** The SHA-1 of these fields and the body as DomainKeys see them (RFC 4870), in base64; undefined when no key signs by them. */
  readonly domainKeyDigest?: string | undefined;
}

export type SigningAnswer =
  /**
   * @param fields - the signatures as header fields, one character for each byte
   * @param by - `<selector>._domainkey.<domain>` of each key
   */
  | { readonly kind: 'signed'; readonly fields: string; readonly by: readonly string[] }
  /** @param reason - why not, where it should have been signed; undefined: no key is meant for it */
  | { readonly kind: 'unsigned'; readonly reason?: string | undefined }
  /** A key cannot be used now, and the mail is not to go without its signature. */
  | { readonly kind: 'failing'; readonly reason: string };

/** Who has the private keys. Never rejects. */
export interface Signer {
  sign(request: SigningRequest): Promise<SigningAnswer>;
}
