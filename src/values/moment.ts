// A moment as a person writes it: a date and a time, with an offset or a time zone.

import { ValueError } from './value-error.ts';

/**
 * Reads `2026-03-28T18:00Z`, `2026-03-28T18:00+01:00` or `2026-03-28T18:00[Europe/Berlin]`.
 * @returns Unix ms
 * @throws {ValueError} when the text is no moment
 */
export function parseMoment(text: string): number {
  try {
    return text.includes('[')
      ? Temporal.ZonedDateTime.from(text).epochMilliseconds
      : Temporal.Instant.from(text).epochMilliseconds;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ValueError(`"${text}" is not a date and time with an offset or a zone`);
  }
}
