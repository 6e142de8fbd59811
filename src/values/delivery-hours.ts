// When delivery windows are open, in a time zone (IANA). They are open while the clock on the wall there shows a time within one of
// them. So where clocks go forward, the part of a window that is in the missing hour does not exist on that day; where they go
// back, the part in the doubled hour is open both times. Pure: the date comes from the caller.

import { type DeliveryWindow, minutesOfWeek, type WeekSpan } from './delivery-window.ts';
import { ValueError } from './value-error.ts';

/** What holds at a date, and until when. */
export interface OpenState {
  readonly isOpen: boolean;
  /** Unix ms when that changes; Infinity: never. */
  readonly untilMs: number;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const weekMs = minutesOfWeek * minuteMs;
/** 1970-01-01 was a Thursday. */
const mondayMs = 4 * dayMs;

/** @throws {ValueError} when no time zone has this name */
export function checkZone(name: string): string {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ValueError(`"${name}" is no time zone; write one such as "Europe/Berlin" or "UTC"`);
  }
}

export class DeliveryHours {
  readonly windows: readonly DeliveryWindow[];
  readonly zone: string;
  /** In order, apart from each other, within the week. */
  readonly #spans: readonly WeekSpan[];
  /** Minutes of the week at which something changes, in order. */
  readonly #changes: readonly number[];

  /** @param zone - its IANA name; see {@link checkZone} */
  constructor(windows: readonly DeliveryWindow[], zone: string) {
    this.windows = windows;
    this.zone = zone;
    this.#spans = joined(windows.flatMap(({ spans }) => spans.flatMap(withinWeek)));
    this.#changes = changesOf(this.#spans);
  }

  /** @param dateMs - Unix ms */
  at(dateMs: number): OpenState {
    const isOpen = this.#isOpenAt(dateMs);
    if (this.#changes.length === 0) return { isOpen, untilMs: Infinity };
    // Between two changes of the zone's offset, the clock on the wall goes as fast as time does.
    for (let atMs = dateMs; ;) {
      const changeMs = this.#nextChangeMs(atMs);
      const transitionMs = this.#nextTransitionMs(atMs);
      if (changeMs < transitionMs) return { isOpen, untilMs: changeMs };
      if (this.#isOpenAt(transitionMs) !== isOpen) return { isOpen, untilMs: transitionMs };
      atMs = transitionMs;
    }
  }

  /** Unix ms when a window opens after the one that is open at a date, or opens next after it; Infinity: never. */
  reopensMs(dateMs: number): number {
    const { isOpen, untilMs } = this.at(dateMs);
    const closesMs = isOpen || untilMs === Infinity ? untilMs : this.at(untilMs).untilMs;
    return closesMs === Infinity ? Infinity : this.at(closesMs).untilMs;
  }

  /** Unix ms, `endMs` at most, until which a window is open for the last time after `fromMs`; -Infinity: none is open then. */
  lastOpenMs(fromMs: number, endMs: number): number {
    // Windows come again each week; only where clocks change may one of them be missing.
    const nearMs = Math.max(fromMs, endMs - weekMs - dayMs);
    const lastMs = this.#lastOpenIn(nearMs, endMs);
    return lastMs === -Infinity && nearMs > fromMs ? this.#lastOpenIn(fromMs, nearMs) : lastMs;
  }

  #lastOpenIn(fromMs: number, endMs: number): number {
    let lastMs = -Infinity;
    for (let atMs = fromMs; atMs < endMs;) {
      const { isOpen, untilMs } = this.at(atMs);
      if (isOpen) lastMs = Math.min(untilMs, endMs);
      atMs = untilMs;
    }
    return lastMs;
  }

  /** The longest time, in ms, that no window is open, on clocks that do not change; 0: they are always open. */
  get longestClosedMs(): number {
    let longest = 0;
    for (const [at, { to }] of this.#spans.entries()) {
      const next = this.#spans[at + 1]?.from ?? (this.#spans[0]?.from ?? 0) + minutesOfWeek;
      longest = Math.max(longest, next - to);
    }
    return longest * minuteMs;
  }

  #isOpenAt(dateMs: number): boolean {
    const minute = this.#weekMsAt(dateMs) / minuteMs;
    return this.#spans.some(({ from, to }) => minute >= from && minute < to);
  }

  /** When the clock on the wall next shows a time of a change, if it goes on as it does now. */
  #nextChangeMs(dateMs: number): number {
    const now = this.#weekMsAt(dateMs);
    const next = this.#changes.find((minute) => minute * minuteMs > now);
    const inWeekMs = (next ?? (this.#changes[0] ?? 0) + minutesOfWeek) * minuteMs;
    return dateMs + inWeekMs - now;
  }

  #nextTransitionMs(dateMs: number): number {
    const next = this.#dateIn(dateMs).getTimeZoneTransition('next');
    return next === null ? Infinity : next.epochMilliseconds;
  }

  /** Ms since the Monday 00:00, on the clock on the wall. */
  #weekMsAt(dateMs: number): number {
    const localMs = dateMs + this.#dateIn(dateMs).offsetNanoseconds / 1e6;
    return (((localMs - mondayMs) % weekMs) + weekMs) % weekMs;
  }

  #dateIn(dateMs: number): Temporal.ZonedDateTime {
    return Temporal.Instant.fromEpochMilliseconds(Math.floor(dateMs)).toZonedDateTimeISO(this.zone);
  }
}

/** A date on the clock on the wall of a zone, to the minute, e.g. `2026-03-30 08:00 (Europe/Berlin)`. @param dateMs - Unix ms */
export function wallText(dateMs: number, zone: string): string {
  const { year, month, day, hour, minute } = Temporal.Instant.fromEpochMilliseconds(
    Math.floor(dateMs),
  ).toZonedDateTimeISO(zone);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)} (${zone})`;
}

/** A span that goes on at the beginning of the week, as two. */
function withinWeek({ from, to }: WeekSpan): WeekSpan[] {
  if (to <= minutesOfWeek) return [{ from, to }];
  return [
    { from, to: minutesOfWeek },
    { from: 0, to: to - minutesOfWeek },
  ];
}

function joined(spans: readonly WeekSpan[]): WeekSpan[] {
  const result: WeekSpan[] = [];
  for (const span of spans.toSorted((one, other) => one.from - other.from)) {
    const last = result.at(-1);
    if (last !== undefined && span.from <= last.to) {
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    } else result.push(span);
  }
  return result;
}

/** Without the border of the week, where a window goes on beyond it. */
function changesOf(spans: readonly WeekSpan[]): number[] {
  const goesOn = spans[0]?.from === 0 && spans.at(-1)?.to === minutesOfWeek;
  const all = spans.flatMap(({ from, to }) => [from, to]);
  const changes = goesOn ? all.slice(1, -1) : all.map((minute) => minute % minutesOfWeek);
  return changes.sort((one, other) => one - other);
}
