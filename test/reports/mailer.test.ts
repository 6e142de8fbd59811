// When reports go out, how often they are tried, and that each goes out once: on virtual time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import { dayEndMs, dueMs } from '../../src/reports/due.ts';
import { Ledger } from '../../src/reports/ledger.ts';
import { type Handed, Mailer } from '../../src/reports/mailer.ts';
import type { ReportSource } from '../../src/reports/report-source.ts';
import { dayBeginMs, type Destinations, type Report } from '../../src/reports/report.ts';
import type { ReportSettings } from '../../src/reports/report-settings.ts';
import { formatReportUri, parseReportUri, type ReportUri } from '../../src/values/report-uri.ts';
import { keptLog } from '../process/quiet-log.ts';

const day = '2026-11-28';
const hourMs = 3_600_000;
const minuteMs = 60_000;

const reporter = {
  hostname: 'mx.sluice.test',
  organization: 'Example Ltd',
  contact: 'postmaster@sluice.test',
  extraContact: '',
  from: 'reports@sluice.test',
};
const settings: ReportSettings = {
  kinds: ['tls'],
  reporter,
  minMessages: 1,
  excluded: { has: () => false },
  reserveBytes: 0,
  maxPerHour: 100_000,
  maxPerDestination: 1_000,
  mayBePrivate: false,
  authorities: '',
  ipv4: true,
  ipv6: true,
};

function uri(text: string): ReportUri {
  const parsed = parseReportUri(text);
  assert.ok(parsed);
  return parsed;
}

interface Sent {
  readonly report: Report;
  readonly uri: string;
  readonly atMs: number;
}

interface Choice {
  readonly domains?: readonly string[];
  readonly destinations?: (domain: string) => Destinations | Promise<Destinations>;
  readonly answer?: (uri: string) => Handed | Promise<Handed>;
  readonly settings?: Partial<ReportSettings>;
  readonly ledger?: Ledger;
  /** On the virtual clock, the date at which the mailer starts; in the middle of the day before unless told. */
  readonly startMs?: number;
}

/** A mailer on virtual time. */
function ground(choice: Choice = {}) {
  const { domains = ['far.test'], startMs = dayBeginMs(day) + 12 * hourMs } = choice;
  const timers = new VirtualTimers();
  const ledger = choice.ledger ?? new Ledger();
  const sent: Sent[] = [];
  const log = keptLog();
  const dateMs = () => startMs + timers.nowMs();
  const inForce = { ...settings, ...choice.settings };
  const source: ReportSource = {
    kind: 'tls',
    days: () => [day],
    domainsOf: () => domains,
    destinations: async ({ domain }) =>
      (await choice.destinations?.(domain)) ?? { kind: 'found', uris: [uri(`mailto:tls@${domain}`)] },
    text: ({ domain }) => `about ${domain}`,
  };
  const mailer = new Mailer({
    settings: () => inForce,
    sources: [source],
    ledger,
    changed: () => undefined,
    compress: (text) => Promise.resolve(gzipSync(text)),
    handOver: async (report, to) => {
      sent.push({ report, uri: formatReportUri(to), atMs: dateMs() });
      return (await choice.answer?.(formatReportUri(to))) ?? { kind: 'sent', detail: 'id' };
    },
    timers,
    dateMs,
    log,
  });
  mailer.start();
  return { timers, ledger, sent, log, mailer };
}

test('a report goes out after its day has ended, at the time of its domain, and once', async () => {
  const { timers, sent, ledger } = ground();
  await timers.pass(12 * hourMs);
  assert.equal(sent.length, 0);
  await timers.pass(72 * hourMs);
  assert.equal(sent.length, 1);
  const name = { kind: 'tls', day, domain: 'far.test' } as const;
  const wanted = dueMs(name, reporter.hostname);
  assert.ok(Math.abs((sent[0]?.atMs ?? 0) - wanted) < 1_000, 'at its time');
  assert.equal(ledger.of(name)?.state, 'sent');
});

test('times are spread over four hours, and differ by host', () => {
  const at = (domain: string, host: string) => dueMs({ kind: 'tls', day, domain }, host) - dayEndMs(day);
  const all = Array.from({ length: 200 }, (_, index) => at(`d${index}.test`, 'a.test'));
  assert.ok(Math.min(...all) >= 0 && Math.max(...all) < 4 * hourMs);
  for (let hour = 0; hour < 4; hour++) {
    const inHour = all.filter((ms) => ms >= hour * hourMs && ms < (hour + 1) * hourMs).length;
    assert.ok(inHour > 20, `${inHour} in hour ${hour}`);
  }
  assert.notEqual(at('d1.test', 'a.test'), at('d1.test', 'b.test'));
  assert.ok(dayEndMs(day) > dayBeginMs(day) + 24 * hourMs);
});

test('after a restart, what was sent is not sent again, and what was not is', async () => {
  const domains = ['one.test', 'two.test', 'three.test'];
  const [first, , last] = domains.toSorted(
    (a, b) =>
      dueMs({ kind: 'tls', day, domain: a }, reporter.hostname) -
      dueMs({ kind: 'tls', day, domain: b }, reporter.hostname),
  );
  const before = ground({ domains });
  const untilFirst = dueMs({ kind: 'tls', day, domain: first ?? '' }, reporter.hostname) + 1_000;
  await before.timers.pass(untilFirst - dayBeginMs(day) - 12 * hourMs);
  await before.mailer.stop();
  assert.deepEqual(
    before.sent.map(({ report }) => report.domain),
    [first],
  );
  const ledger = new Ledger();
  ledger.restore(structuredClone(before.ledger.snapshot()), (text) => uri(text).host);
  const after = ground({ domains, ledger, startMs: dayEndMs(day) + 12 * hourMs });
  await after.timers.pass(minuteMs);
  assert.equal(after.sent.length, 2);
  assert.equal(after.sent.at(-1)?.report.domain, last);
});

test('a crash before the ledger is kept sends the same report once more, under the same identifier', async () => {
  const startMs = dayEndMs(day) + 12 * hourMs;
  const [one, two] = [ground({ startMs }), ground({ startMs: startMs + hourMs })];
  await one.timers.pass(minuteMs);
  await two.timers.pass(minuteMs);
  const [a, b] = [one.sent[0]?.report, two.sent[0]?.report];
  assert.ok(a !== undefined && b !== undefined);
  assert.equal(a.id, b.id);
  assert.equal(a.fileName, b.fileName);
  assert.equal(a.id, `${day}.tls.far.test@mx.sluice.test`);
  assert.match(a.fileName, /^sluice\.test!far\.test!1795824000!1795910399![0-9a-f]{8}\.json\.gz$/);
});

test('what does not arrive is tried again for a day, less and less often, and then given up', async () => {
  const { timers, sent, ledger, log } = ground({
    startMs: dayEndMs(day) + 12 * hourMs,
    answer: () => ({ kind: 'later', detail: 'it answered 503' }),
  });
  await timers.pass(60 * hourMs);
  const pauses = sent.map(({ atMs }, index) =>
    Math.round((atMs - (sent[index - 1]?.atMs ?? atMs)) / minuteMs),
  );
  assert.deepEqual(pauses, [0, 5, 15, 45, 120, 240, 480, 480]);
  const entry = ledger.of({ kind: 'tls', day, domain: 'far.test' });
  assert.equal(entry?.state, 'failed');
  assert.deepEqual(entry?.destinations, [
    { uri: 'mailto:tls@far.test', state: 'failed', detail: 'it answered 503' },
  ]);
  assert.equal(log.lines.filter((line) => line.includes('not tried again')).length, 1, log.lines.join('\n'));
});

test('a destination that has the report does not get it again when another one is retried', async () => {
  let isUp = false;
  const { timers, sent, ledger } = ground({
    startMs: dayEndMs(day) + 12 * hourMs,
    destinations: () => ({ kind: 'found', uris: [uri('mailto:a@far.test'), uri('https://hook.test/')] }),
    answer: (to) =>
      to.startsWith('https:') && !isUp ? { kind: 'later', detail: 'away' } : { kind: 'sent', detail: 'id' },
  });
  await timers.pass(minuteMs);
  assert.equal(ledger.of({ kind: 'tls', day, domain: 'far.test' })?.state, 'waiting');
  isUp = true;
  await timers.pass(6 * minuteMs);
  assert.deepEqual(
    sent.map((each) => each.uri),
    ['mailto:a@far.test', 'https://hook.test/', 'https://hook.test/'],
  );
  assert.equal(ledger.of({ kind: 'tls', day, domain: 'far.test' })?.state, 'sent');
});

test('a look-up that fails between two attempts forgets nothing that was sent', async () => {
  let attempts = 0;
  const { timers, sent } = ground({
    startMs: dayEndMs(day) + 12 * hourMs,
    destinations: () =>
      ++attempts === 2
        ? { kind: 'failed', reason: 'SERVFAIL' }
        : { kind: 'found', uris: [uri('mailto:a@far.test'), uri('https://hook.test/')] },
    answer: (to) =>
      to.startsWith('https:') && attempts === 1
        ? { kind: 'later', detail: 'away' }
        : { kind: 'sent', detail: 'id' },
  });
  await timers.pass(24 * hourMs);
  assert.equal(sent.filter((each) => each.uri.startsWith('mailto:')).length, 1);
  assert.equal(sent.length, 3);
});

test('a domain that asks for nothing gets nothing, and is not asked again; a failing look-up is repeated', async () => {
  const asked = new Map<string, number>();
  const { timers, sent, ledger } = ground({
    domains: ['none.test', 'broken.test'],
    startMs: dayEndMs(day) + 12 * hourMs,
    destinations: (domain) => {
      asked.set(domain, (asked.get(domain) ?? 0) + 1);
      return domain === 'none.test'
        ? { kind: 'none', reason: 'it asks for none' }
        : { kind: 'failed', reason: 'SERVFAIL' };
    },
  });
  await timers.pass(60 * hourMs);
  assert.equal(sent.length, 0);
  assert.deepEqual(Object.fromEntries(asked), { 'none.test': 1, 'broken.test': 8 });
  assert.equal(ledger.of({ kind: 'tls', day, domain: 'none.test' })?.state, 'unwanted');
  assert.equal(ledger.of({ kind: 'tls', day, domain: 'broken.test' })?.reason, 'SERVFAIL');
});

test('so many go out in an hour, evenly, and so many to one host', async () => {
  const domains = Array.from({ length: 30 }, (_, index) => `d${index}.test`);
  const { timers, sent } = ground({
    domains,
    startMs: dayEndMs(day) + 12 * hourMs,
    settings: { maxPerHour: 10 },
  });
  await timers.pass(hourMs);
  assert.ok(sent.length >= 10 && sent.length <= 11, String(sent.length));
  await timers.pass(3 * hourMs);
  assert.equal(sent.length, 30);
  const victim = ground({
    domains,
    startMs: dayEndMs(day) + 12 * hourMs,
    settings: { maxPerDestination: 3 },
    destinations: () => ({ kind: 'found', uris: [uri('mailto:victim@stranger.test')] }),
  });
  await victim.timers.pass(hourMs);
  assert.equal(victim.sent.length, 3);
  const states = [...victim.ledger.all].map(({ state }) => state);
  assert.equal(states.filter((state) => state === 'failed').length, 27);
});

test('a destination that takes less than the report has is told nothing', async () => {
  const small = { ...uri('mailto:a@far.test'), maxBytes: 1_000 } as ReportUri;
  const { timers, sent, ledger } = ground({
    startMs: dayEndMs(day) + 12 * hourMs,
    destinations: () => ({ kind: 'found', uris: [small] }),
  });
  await timers.pass(minuteMs);
  assert.equal(sent.length, 0);
  assert.equal(ledger.of({ kind: 'tls', day, domain: 'far.test' })?.state, 'failed');
});

test('a kind that is off sends nothing', async () => {
  const { timers, sent } = ground({ startMs: dayEndMs(day) + 12 * hourMs, settings: { kinds: [] } });
  await timers.pass(24 * hourMs);
  assert.equal(sent.length, 0);
});

test('a stop breaks off what is under way, and the next start does it again', async () => {
  const under = Promise.withResolvers<Handed>();
  const { timers, sent, ledger, mailer } = ground({
    startMs: dayEndMs(day) + 12 * hourMs,
    answer: () => under.promise,
  });
  await timers.pass(minuteMs);
  assert.equal(sent.length, 1);
  const stopped = mailer.stop();
  under.resolve({ kind: 'later', detail: 'Sluice stops' });
  await stopped;
  assert.equal(ledger.of({ kind: 'tls', day, domain: 'far.test' }), undefined);
  await timers.pass(24 * hourMs);
  assert.equal(sent.length, 1);
});

test('a stop does not wait for a look-up', async () => {
  const { timers, ledger, mailer } = ground({
    startMs: dayEndMs(day) + 12 * hourMs,
    destinations: () => new Promise(() => undefined),
  });
  await timers.pass(minuteMs);
  await mailer.stop();
  assert.deepEqual(ledger.snapshot(), []);
});

test('a fault of a source ends no loop, and is not repeated', async () => {
  const { timers, sent, ledger, log } = ground({
    domains: ['bad.test', 'good.test'],
    startMs: dayEndMs(day) + 12 * hourMs,
    destinations: (domain) => {
      if (domain === 'bad.test') throw new Error('a fault');
      return { kind: 'found', uris: [uri('mailto:a@good.test')] };
    },
  });
  await timers.pass(24 * hourMs);
  assert.equal(sent.length, 1);
  assert.equal(ledger.of({ kind: 'tls', day, domain: 'bad.test' })?.state, 'failed');
  assert.equal(log.lines.filter((line) => line.includes('a fault')).length, 1, log.lines.join('\n'));
});

test('an operator sends a report again', async () => {
  const { timers, sent, mailer } = ground({ startMs: dayEndMs(day) + 12 * hourMs });
  await timers.pass(minuteMs);
  const entry = await mailer.sendNow({ kind: 'tls', day, domain: 'far.test' });
  assert.equal(entry.state, 'sent');
  assert.equal(sent.length, 2);
  assert.equal(sent[0]?.report.id, sent[1]?.report.id);
});

test('what is older than the days that are kept is forgotten', async () => {
  const { timers, ledger } = ground({ startMs: dayEndMs(day) + 12 * hourMs });
  await timers.pass(minuteMs);
  assert.equal(ledger.snapshot().length, 1);
  assert.equal(ledger.sentTo(day, 'far.test'), 1);
  await timers.pass(5 * 24 * hourMs);
  assert.equal(ledger.sentTo(day, 'far.test'), 0);
});
