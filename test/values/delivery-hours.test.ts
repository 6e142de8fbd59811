// Delivery windows: how they are written, and when they are open, also where clocks go forward and back. What Intl says of the clock
// on the wall is the judge.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { checkZone, DeliveryHours, wallText } from '../../src/values/delivery-hours.ts';
import { minutesOfWeek, parseDeliveryWindow } from '../../src/values/delivery-window.ts';
import { parseMoment } from '../../src/values/moment.ts';
import { ValueError } from '../../src/values/value-error.ts';

const hour = 3_600_000;
const at = (text: string): number => parseMoment(text);
const shown = (ms: number): string => new Date(ms).toISOString();

function hours(zone: string, ...windows: string[]): DeliveryHours {
  return new DeliveryHours(windows.map(parseDeliveryWindow), zone);
}

test('windows are read by days and hours', () => {
  const day = (number: number, from = 0, to = 24): unknown => ({
    from: (number * 24 + from) * 60,
    to: (number * 24 + to) * 60,
  });
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ['Mon-Fri 08:00-18:00', [0, 1, 2, 3, 4].map((each) => day(each, 8, 18))],
    ['Sat,Sun', [day(5), day(6)]],
    ['sun', [day(6)]],
    ['Mon,Wed,Fri 00:00-24:00', [day(0), day(2), day(4)]],
    ['Fri-Mon 12:00-13:00', [0, 4, 5, 6].map((each) => day(each, 12, 13))],
    ['Tue,Mon-Wed', [day(0), day(1), day(2)]],
    ['22:00-06:00', [0, 1, 2, 3, 4, 5, 6].map((each) => day(each, 22, 30))],
    ['Sun 22:00-06:00', [day(6, 22, 30)]],
    ['Mon 00:15-00:30', [{ from: 15, to: 30 }]],
  ];
  for (const [text, spans] of cases) assert.deepEqual(parseDeliveryWindow(text), { text, spans }, text);
});

test('what is no window is refused with a way out', () => {
  for (const text of [
    '',
    ' ',
    'Mo',
    'Mon-',
    '-Mon',
    'Mon--Fri',
    'Mon-Tue-Wed',
    'Mon,',
    ',Mon',
    'Monday',
    'Mon 8:00-18:00',
    'Mon 08:00',
    'Mon 08:00-',
    'Mon 08:60-09:00',
    'Mon 08:00-24:01',
    '24:00-08:00',
    'Mon 08:00-08:00',
    'Mon08:00-09:00',
    'Mon  08:00-09:00x',
    'Mon-Fri 08:00-18:00 ',
    '08:00-18:00 Mon',
    '08:00–18:00',
  ])
    assert.throws(() => parseDeliveryWindow(text), ValueError, JSON.stringify(text));
});

test('no text makes the parser fail otherwise, and what it reads is within the week', () => {
  const texts = fc.stringMatching(/^[MTWFSonuedhriat ,0-9:-]{0,24}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), texts), (text) => {
      try {
        for (const { from, to } of parseDeliveryWindow(text).spans) {
          assert.ok(from >= 0 && from < minutesOfWeek && to > from && to <= from + 1440);
        }
      } catch (error) {
        assert.ok(error instanceof ValueError, String(error));
      }
    }),
  );
});

test('time zones are those of IANA', () => {
  assert.equal(checkZone('Europe/Berlin'), 'Europe/Berlin');
  assert.equal(checkZone('UTC'), 'UTC');
  for (const name of ['Europe/Atlantis', '', 'Berlin', '../etc/passwd'])
    assert.throws(() => checkZone(name), ValueError, name);
});

test('a window opens and closes by the clock on the wall', () => {
  const office = hours('Europe/Berlin', 'Mon-Fri 08:00-18:00');
  const friday = at('2026-03-27T17:59:59.999+01:00');
  assert.deepEqual(office.at(friday), { isOpen: true, untilMs: friday + 1 });
  // Clocks go forward on the night to Sunday: the weekend is an hour shorter.
  const monday = at('2026-03-30T08:00+02:00');
  assert.deepEqual(office.at(friday + 1), { isOpen: false, untilMs: monday });
  assert.equal(monday - (friday + 1), 61 * hour);
  assert.deepEqual(office.at(monday), { isOpen: true, untilMs: at('2026-03-30T18:00+02:00') });
});

test('the part of a window in the missing hour does not exist, and that in the doubled hour is open twice', () => {
  const inside = hours('Europe/Berlin', '02:15-02:45');
  const before = at('2026-03-28T02:45+01:00');
  // On the 29th there is no 02:15.
  assert.deepEqual(inside.at(before), { isOpen: false, untilMs: at('2026-03-30T02:15+02:00') });
  const begins = hours('Europe/Berlin', '02:30-04:00');
  assert.deepEqual(begins.at(at('2026-03-29T01:59+01:00')), {
    isOpen: false,
    untilMs: at('2026-03-29T03:00+02:00'),
  });
  const ends = hours('Europe/Berlin', '01:00-02:30');
  assert.deepEqual(ends.at(at('2026-03-29T01:30+01:00')), {
    isOpen: true,
    untilMs: at('2026-03-29T03:00+02:00'),
  });
  const first = at('2026-10-25T02:15+02:00');
  assert.deepEqual(inside.at(first), { isOpen: true, untilMs: first + hour / 2 });
  assert.deepEqual(inside.at(first + hour / 2), { isOpen: false, untilMs: first + hour });
  assert.deepEqual(inside.at(first + hour), { isOpen: true, untilMs: first + 1.5 * hour });
  // The clock jumps back from 03:00 to 02:00, into the window that has just been left.
  const late = hours('Europe/Berlin', '02:00-03:00');
  assert.deepEqual(late.at(first), { isOpen: true, untilMs: at('2026-10-25T03:00+01:00') });
});

test('windows that meet are one, also over the end of the week; all of the week is always', () => {
  const all = hours('Europe/Berlin', '00:00-12:00', '12:00-24:00');
  assert.deepEqual(all.at(0), { isOpen: true, untilMs: Infinity });
  assert.equal(all.longestClosedMs, 0);
  const weekend = hours('UTC', 'Fri 18:00-24:00', 'Sat,Sun', 'Mon 00:00-06:00');
  assert.deepEqual(weekend.at(at('2026-03-27T18:00Z')), { isOpen: true, untilMs: at('2026-03-30T06:00Z') });
  assert.equal(weekend.longestClosedMs, 108 * hour);
  assert.equal(hours('UTC', 'Sun 22:00-06:00').longestClosedMs, (7 * 24 - 8) * hour);
  assert.equal(hours('UTC', 'Mon-Fri 08:00-18:00').longestClosedMs, 62 * hour);
});

test('a date is shown as the clock on the wall shows it', () => {
  assert.equal(wallText(at('2026-03-30T06:00Z'), 'Europe/Berlin'), '2026-03-30 08:00 (Europe/Berlin)');
});

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'Pacific/Apia',
  'Pacific/Chatham',
  'America/Santiago',
  'Asia/Tehran',
  'Antarctica/Troll',
];
const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const clocks = new Map(
  zones.map((zone) => [
    zone,
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }),
  ]),
);

/** Minute of the week on the clock on the wall, as Intl tells it. */
function wallMinute(zone: string, ms: number): number {
  const parts = Object.fromEntries(
    clocks
      .get(zone)!
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  return days.indexOf(parts.weekday!) * 1440 + Number(parts.hour) * 60 + Number(parts.minute);
}

/** Near a change of the zone's clocks, where there is one, or anywhere. */
const moments = fc
  .record({
    zone: fc.constantFrom(...zones),
    ms: fc.integer({ min: Date.UTC(2005, 0, 1), max: Date.UTC(2035, 0, 1) }),
    near: fc.boolean(),
    byMs: fc.integer({ min: -30 * hour, max: 30 * hour }),
  })
  .map(({ zone, ms, near, byMs }) => {
    const date = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
    const change = near ? date.getTimeZoneTransition('next') : null;
    return { zone, ms: change === null ? ms : change.epochMilliseconds + byMs };
  });

const two = (number: number): string => String(number).padStart(2, '0');
const times = fc.integer({ min: 0, max: 1439 });
const windowTexts = fc
  .record({ from: fc.constantFrom(...days), to: fc.constantFrom(...days), begin: times, end: times })
  .filter(({ begin, end }) => begin !== end)
  .map(({ from, to, begin, end }) => {
    const time = (minute: number): string => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
    return `${from}-${to} ${time(begin)}-${time(end)}`;
  });

test('a window is open just while the clock on the wall shows a time within it, in all zones', () => {
  fc.assert(
    fc.property(moments, fc.array(windowTexts, { minLength: 1, maxLength: 3 }), ({ zone, ms }, texts) => {
      const windows = texts.map(parseDeliveryWindow);
      const isWithin = (minute: number): boolean =>
        windows.some(({ spans }) =>
          spans.some(({ from, to }) =>
            [minute, minute + minutesOfWeek].some((each) => each >= from && each < to),
          ),
        );
      const judged = new DeliveryHours(windows, zone);
      const { isOpen, untilMs } = judged.at(ms);
      const where = `${texts.join(', ')} in ${zone} at ${shown(ms)}`;
      assert.equal(isOpen, isWithin(wallMinute(zone, ms)), where);
      if (untilMs === Infinity) return;
      assert.ok(untilMs > ms && untilMs - ms <= 15 * 24 * hour, where);
      // It changes then, and at no whole minute before. A missing hour may take a window away for a day, never add one.
      assert.equal(isWithin(wallMinute(zone, untilMs)), !isOpen, `${where}: until ${shown(untilMs)}`);
      assert.equal(isWithin(wallMinute(zone, untilMs - 1)), isOpen, `${where}: until ${shown(untilMs)}`);
      const step = Math.max(60_000, Math.ceil((untilMs - ms) / 500 / 60_000) * 60_000);
      for (let between = ms; between < untilMs; between += step)
        assert.equal(isWithin(wallMinute(zone, between)), isOpen, `${where}: ${shown(between)}`);
    }),
    { numRuns: 400 },
  );
});
