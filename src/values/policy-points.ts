// The points of a session at which a policy server may be asked, as in the names of Postfix's smtpd_*_restrictions.

export const policyPoints = ['connect', 'helo', 'mail', 'rcpt', 'data', 'end-of-data'] as const;

export type PolicyPoint = (typeof policyPoints)[number];
