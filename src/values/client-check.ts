// What can be wrong with how a client shows itself: its name in HELO, its name in the reverse DNS, and the domain of its sender.

/** Each check by its key in the configuration, and what of mail it is about. */
export const clientChecks = [
  'helo_syntax',
  'helo_not_qualified',
  'helo_literal',
  'helo_is_ours',
  'helo_unknown',
  'helo_unconfirmed',
  'name_missing',
  'name_unconfirmed',
  'name_generic',
  'sender_not_qualified',
  'sender_unknown',
  'sender_null_mx',
] as const;

export type ClientCheck = (typeof clientChecks)[number];

/** What can become of mail that fails a check, from the mildest to the most severe. */
export const checkActions = ['off', 'mark', 'quarantine', 'tempfail', 'reject'] as const;

export type CheckAction = (typeof checkActions)[number];
