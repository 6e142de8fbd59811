// Dates of header fields (RFC 5322 3.3), in UTC.

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Thousands of messages arrive within a second: its text is made once. */
let lastSecond = Number.NaN;
let lastText = '';

/**
 * A date-time of RFC 5322 3.3, e.g. `Sun, 22 Nov 2026 14:06:24 +0000`.
 *
 * @param unixMs - Unix time in milliseconds; fractions of a second are dropped
 */
export function formatDateTime(unixMs: number): string {
  const second = Math.floor(unixMs / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = makeText(new Date(second * 1000));
  }
  return lastText;
}

function makeText(date: Date): string {
  const day = `${days[date.getUTCDay()]}, ${date.getUTCDate()} ${months[date.getUTCMonth()]}`;
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return `${day} ${year} ${time} +0000`;
}
