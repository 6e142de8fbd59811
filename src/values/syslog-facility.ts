// The facilities of syslog (RFC 5424 6.2.1, table 1), by the names that syslog(3) and logger(1) know.

/** In the order of their numbers, those for programs; 12 to 15 have no common names. */
const numbered = {
  user: 1,
  mail: 2,
  daemon: 3,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type Facility = keyof typeof numbered;

export const facilities = [
  'mail',
  'user',
  'daemon',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const satisfies readonly Facility[];

export function facilityNumber(facility: Facility): number {
  return numbered[facility];
}
