// What can be wrong: every kind of trouble that `sluice status` may show. docs/monitoring.md tells what each of them
// means and what to do about it; a test keeps the two together.

export const troubleKinds = [
  'capacity',
  'clock',
  'config',
  'damage',
  'disk',
  'dns',
  'journal',
  'log',
  'overdue',
  'report',
  'restart',
  'role',
  'source',
] as const;

export type TroubleKind = (typeof troubleKinds)[number];

/** A kind, or a kind and what of that kind it is about: `disk`, `role:manager`. Unique within a process. */
export type TroubleKey = TroubleKind | `${TroubleKind}:${string}`;
