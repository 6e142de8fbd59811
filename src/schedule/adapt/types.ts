// How the scheduler reacts to what a destination answers: rules as data, and the numbers of the window that each
// source and site has.

/** What a rule does when a reply matches. Its effect is on the source and site of the connection, and ends by itself. */
export type ReactionAction =
  /** Halves the connections of the source to the site, and lets them grow again slowly after `forMs`. */
  | { readonly kind: 'slow'; readonly forMs: number }
  /** No connection from the source to the site for `forMs` (jittered); then it starts low. */
  | { readonly kind: 'pause'; readonly forMs: number }
  /** The address rests for `forMs`; the recipient is tried at another address at once, without counting an attempt. */
  | { readonly kind: 'next_host'; readonly forMs: number }
  /** A 4xx that will never become better: the recipient fails for good. */
  | { readonly kind: 'bounce' }
  /** A 5xx that says "not now": the recipient is tried again. */
  | { readonly kind: 'retry' };

/** The first rule that matches counts. */
export interface ReactionRule {
  readonly name: string;
  /** Where it was set: `sluice.toml:40` or `built in`. */
  readonly origin: string;
  /** A page of the provider that says what the reply means; empty for an administrator's own. */
  readonly source: string;
  /** Reply code: `421`, `45`, `4`: the reply begins with it; empty: any 4xx or 5xx. */
  readonly code: string;
  /** Text that occurs in the reply, in any case; `*` stands for anything. Empty: any. */
  readonly text: string;
  /** MX hosts; empty: any. `*.example.com` means every host under it. */
  readonly mx: readonly string[];
  readonly action: ReactionAction;
}

export interface AdaptSettings {
  /** Off: only limits count. */
  readonly enabled: boolean;
  /** Connections that a source may open to a site that it knows nothing about. */
  readonly startConnections: number;
}
