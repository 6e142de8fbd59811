// The mechanisms by which users may log in (RFC 4954), in the order in which they are offered.

export const mechanismNames = [
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-256',
  'PLAIN',
  'LOGIN',
  'OAUTHBEARER',
  'XOAUTH2',
  'EXTERNAL',
] as const;
export type MechanismName = (typeof mechanismNames)[number];
