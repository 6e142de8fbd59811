// What can be wrong: every kind of trouble that `sluice status` may show. docs/monitoring.md says what each means
// and what to do about it; a test compares the two lists.

export const troubleKinds = [
  'backup',
  'capacity',
  'certificate',
  'clock',
  'config',
  'copies',
  'crash',
  'damage',
  'disk',
  'domain',
  'diversion',
  'dns',
  'etrn',
  'journal',
  'listener',
  'log',
  'login',
  'mailbox',
  'overdue',
  'front',
  'filter',
  'plugin',
  'provisioning',
  'quarantine',
  'queue',
  'backlog',
  'recipients',
  'report',
  'reports',
  'restart',
  'role',
  'source',
  'signing',
  'srs',
  'stage',
  'statistics',
  'left',
  'stopped',
  'table',
  'directory',
  'issuer',
  'list',
] as const;

export type TroubleKind = (typeof troubleKinds)[number];

/** A kind, or a kind with the thing that it is about: `disk`, `role:manager`. Unique within a process. */
export type TroubleKey = TroubleKind | `${TroubleKind}:${string}`;
