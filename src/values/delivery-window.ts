// Delivery windows as an administrator writes them, by days and hours: "Mon-Fri 08:00-18:00", "22:00-06:00", "Sat,Sun".
// Promises: a window that goes over midnight belongs to the day on which it opens.

import { ValueError } from './value-error.ts';

/** Minutes since the Monday 00:00 of a week, on the clock on the wall; the end is left out. */
export interface WeekSpan {
  readonly from: number;
  /** Greater than `from`, and at most a day more. Beyond 10,080 it goes on at the beginning of the week. */
  readonly to: number;
}

export interface DeliveryWindow {
  /** As it was written. */
  readonly text: string;
  /** One for each of its days. */
  readonly spans: readonly WeekSpan[];
}

export const minutesOfDay = 1440;
export const minutesOfWeek = 7 * minutesOfDay;

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const form = 'write days, hours, or both, e.g. "Mon-Fri 08:00-18:00", "22:00-06:00" or "Sat,Sun"';

/** @throws {ValueError} when the text is no window */
export function parseDeliveryWindow(text: string): DeliveryWindow {
  const match = /^(?:([A-Za-z][A-Za-z,-]*))?(?:(?:^| +)(\d\d:\d\d)-(\d\d:\d\d))?$/u.exec(text);
  if (match === null || text === '') throw new ValueError(`"${text}" is no delivery window; ${form}`);
  const [, dayText, fromText = '00:00', toText = '24:00'] = match;
  const from = minuteOf(fromText, text);
  const to = minuteOf(toText, text);
  if (from === minutesOfDay) throw new ValueError(`"${text}" begins at 24:00; write 00:00 of the next day`);
  if (from === to)
    throw new ValueError(`"${text}" begins when it ends; for a whole day, leave the hours out`);
  const length = to > from ? to - from : to + minutesOfDay - from;
  const spans = daysOf(dayText, text).map((day) => {
    const begins = day * minutesOfDay + from;
    return { from: begins, to: begins + length };
  });
  return { text, spans };
}

function minuteOf(time: string, text: string): number {
  const hours = Number(time.slice(0, 2));
  const minutes = Number(time.slice(3));
  const total = hours * 60 + minutes;
  if (minutes > 59 || total > minutesOfDay) throw new ValueError(`"${time}" in "${text}" is no time of day`);
  return total;
}

/** Numbers of days, Monday is 0. */
function daysOf(list: string | undefined, text: string): number[] {
  if (list === undefined) return days.map((_, day) => day);
  const found = new Set<number>();
  for (const part of list.split(',')) {
    const [first = '', last = first, ...more] = part.split('-').map((name) => name.toLowerCase());
    const begin = days.indexOf(first);
    const end = days.indexOf(last);
    if (begin === -1 || end === -1 || more.length > 0)
      throw new ValueError(
        `"${part}" in "${text}" is no day: they are Mon, Tue, Wed, Thu, Fri, Sat, Sun; ${form}`,
      );
    for (let day = begin; ; day = (day + 1) % 7) {
      found.add(day);
      if (day === end) break;
    }
  }
  return [...found].sort((one, other) => one - other);
}
