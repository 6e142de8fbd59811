// The SMTP extensions that Sluice uses with servers that announce them, by their EHLO keywords (RFC 5321 4.1.1.1).

/** The extensions that can be switched off for a host, in the order of the documentation. */
export const ignorableExtensions = [
  'PIPELINING',
  'SIZE',
  '8BITMIME',
  'SMTPUTF8',
  'DSN',
  'MT-PRIORITY',
  'CHUNKING',
] as const;
