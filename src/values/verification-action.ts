// What can become of a message by a result of its verification.

/** From the mildest to the most severe. `accept`: the result is only logged. `mark`: it is in Authentication-Results, too. */
export const verificationActions = ['accept', 'mark', 'quarantine', 'tempfail', 'reject'] as const;

export type VerificationAction = (typeof verificationActions)[number];

/** `policy`: what the owner of the domain in From asks for (RFC 9989 4.7). */
export type DmarcAction = VerificationAction | 'policy';
