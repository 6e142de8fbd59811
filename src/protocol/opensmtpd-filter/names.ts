// The names of the protocol between OpenSMTPD and its filters (smtpd-filters(7)).

/** What filters may ask to be told. */
export const filterEvents = [
  'link-connect',
  'link-disconnect',
  'link-greeting',
  'link-identify',
  'link-tls',
  'link-auth',
  'tx-reset',
  'tx-begin',
  'tx-mail',
  'tx-rcpt',
  'tx-envelope',
  'tx-data',
  'tx-commit',
  'tx-rollback',
  'protocol-client',
  'protocol-server',
  'filter-report',
  'filter-response',
  'timeout',
] as const;

export type FilterEvent = (typeof filterEvents)[number];

/** Where filters may ask to be asked. */
export const filterPhases = [
  'connect',
  'helo',
  'ehlo',
  'starttls',
  'auth',
  'mail-from',
  'rcpt-to',
  'data',
  'data-line',
  'commit',
  'rset',
  'quit',
  'noop',
  'help',
  'wiz',
] as const;

export type FilterPhase = (typeof filterPhases)[number];

/** Phases at which an answer decides. A filter that asks for the others is not asked. */
export type DecidedPhase = Exclude<FilterPhase, 'data-line' | 'rset' | 'quit' | 'noop' | 'help' | 'wiz'>;
