// The day in an SRS address: two characters of base32 for the days since 1970, modulo 1024.

/** RFC 4648 6. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const span = 1024;
const dayMs = 86_400_000;

/** Days since 1970 in UTC. @param ms - Unix time */
export function dayOf(ms: number): number {
  return Math.floor(ms / dayMs);
}

/** How long a duration is in days; what is begun counts. */
export function wholeDays(ms: number): number {
  return Math.ceil(ms / dayMs);
}

/** The two characters for a day. */
export function stampOf(day: number): string {
  const place = ((day % span) + span) % span;
  return `${alphabet.charAt(place >> 5)}${alphabet.charAt(place & 31)}`;
}

/**
 * How many days before `today` the stamp was made, from -1 to 1022; undefined when it is none. After 1024 days all stamps come again.
 * -1 is tomorrow: the clock of another host with the same secret may be ahead of ours at midnight.
 */
export function ageOf(stamp: string, today: number): number | undefined {
  if (stamp.length !== 2) return undefined;
  const [high, low] = [...stamp.toUpperCase()].map((letter) => alphabet.indexOf(letter));
  if (high === undefined || low === undefined || high < 0 || low < 0) return undefined;
  const age = (((today - (high * 32 + low)) % span) + span) % span;
  return age === span - 1 ? -1 : age;
}

/**
 * The day to write into the address of a message: that of its arrival, so that all attempts have one sender, which greylisting
 * knows again; but of today for mail that has waited for half of the time for which the address is valid.
 */
export function dayOfMessage(receivedAtMs: number, nowMs: number, expiryDays: number): number {
  const [received, today] = [dayOf(receivedAtMs), dayOf(nowMs)];
  return received > today || today - received > expiryDays / 2 ? today : received;
}
