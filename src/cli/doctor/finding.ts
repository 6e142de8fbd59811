// A finding of `sluice doctor`: what is wrong or will be, and the command that mends it. docs/doctor.md has a row for each code; a
// test compares the two, by the calls of `error`, `warning` and `note`.

/**
 * `error`: mail is refused, held up, lost or rejected by others, now or at the next start or crash. `warning`: this will go wrong, or
 * costs mail or speed. `note`: worth knowing, and right in some places.
 */
export type Severity = 'error' | 'warning' | 'note';

export interface Finding {
  /** The kind of the check and a name, `disk-tmpfs`. It never changes once released, because scripts match on it. */
  readonly code: string;
  readonly severity: Severity;
  /** What was found, with its numbers: whole sentences. */
  readonly what: string;
  /** What mends it: a command where there is one. */
  readonly mend: string;
}

export function error(code: string, what: string, mend: string): Finding {
  return { code, severity: 'error', what, mend };
}

export function warning(code: string, what: string, mend: string): Finding {
  return { code, severity: 'warning', what, mend };
}

export function note(code: string, what: string, mend: string): Finding {
  return { code, severity: 'note', what, mend };
}

/** The code of what could not be looked at. */
export const notSeenCode = 'not-seen';

/**
 * Something that this user, or this time, did not allow to look at. It keeps the whole from being called fine.
 * @param what - a sentence with the reason
 */
export function notSeen(what: string, mend: string): Finding {
  return note(notSeenCode, what, mend);
}
