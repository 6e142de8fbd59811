// The secret of a credential as the supervisor has read it and given it to a sender process.

export type GivenSecret =
  | { readonly kind: 'secret'; readonly text: string }
  /** @param reason - why there is none, on one line */
  | { readonly kind: 'missing'; readonly reason: string };

/** By the name of the credential. */
export type GivenSecrets = Readonly<Record<string, GivenSecret>>;
