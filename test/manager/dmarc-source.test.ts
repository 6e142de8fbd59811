// What the manager keeps for reports of DMARC: over a restart, for three days, and for nobody who is excluded.

import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { nodeTimers } from '../../src/io/timers.ts';
import { DmarcSource } from '../../src/manager/reports/dmarc-source.ts';
import type { AggregatedCount } from '../../src/reports/dmarc-counts.ts';
import type { ReportSettings } from '../../src/reports/report-settings.ts';
import { nodeFiles } from '../../src/spool/file-layer.ts';
import { schemaFaults } from '../reports/dmarc-schema.ts';
import { readReport } from '../reports/read-report.ts';
import { readXml } from '../reports/xml.ts';
import { keptLog } from '../process/quiet-log.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const dayMs = 86_400_000;

function counted(domain: string, count: number, sourceIp = '192.0.2.1'): AggregatedCount {
  return {
    policy: {
      domain,
      p: 'none',
      sp: 'none',
      np: 'none',
      adkim: 'relaxed',
      aspf: 'relaxed',
      isTest: false,
      fo: '',
    },
    row: {
      sourceIp,
      disposition: 'none',
      dkim: 'fail',
      spf: 'pass',
      reasons: [],
      headerFrom: domain,
      envelopeFrom: domain,
      signatures: [],
      spfResult: { domain, result: 'pass' },
    },
    count,
  };
}

function ground(t: TestContext, choice: Partial<ReportSettings> = {}) {
  const { path: folder, atEnd } = temporaryFolder(t, 'dmarc-source');
  const log = keptLog();
  const clock = { nowMs: Date.UTC(2026, 10, 28, 12) };
  const settings: ReportSettings = {
    kinds: ['dmarc'],
    reporter: {
      hostname: 'mx.sluice.test',
      organization: 'Example Ltd',
      contact: 'postmaster@sluice.test',
      extraContact: '',
      from: 'reports@sluice.test',
    },
    minMessages: 1,
    excluded: { has: (domain) => domain === 'own.test' },
    reserveBytes: 0,
    maxPerHour: 1_000,
    maxPerDestination: 200,
    mayBePrivate: false,
    authorities: '',
    ipv4: true,
    ipv6: true,
    ...choice,
  };
  const open = async () => {
    const source = await DmarcSource.open({
      folder,
      files: nodeFiles,
      timers: nodeTimers,
      log,
      lookups: () => ({ txt: () => Promise.reject(new Error('nobody asked')) }),
      settings: () => settings,
      dateMs: () => clock.nowMs,
    });
    atEnd(() => source.close());
    return source;
  };
  return { open, clock, log, folder };
}

function messagesOf(source: DmarcSource, day: string, domain: string): number {
  const text = source.text({ kind: 'dmarc', day, domain });
  if (text === undefined) return 0;
  assert.deepEqual(schemaFaults(readXml(text)), []);
  return readReport(text).records.reduce((sum, { count }) => sum + count, 0);
}

test('counts of several receivers come together, and outlive a restart', async (t) => {
  const { open, clock } = ground(t);
  const first = await open();
  first.take({ counts: [counted('a.test', 3)], leftOut: 0 });
  first.take({ counts: [counted('a.test', 2), counted('a.test', 1, '192.0.2.2')], leftOut: 0 });
  await first.close();
  const second = await open();
  second.take({ counts: [counted('a.test', 4)], leftOut: 0 });
  assert.equal(messagesOf(second, '2026-11-28', 'a.test'), 10);
  clock.nowMs += dayMs;
  second.take({ counts: [counted('a.test', 1)], leftOut: 0 });
  await second.close();
  const third = await open();
  assert.deepEqual(third.days().toSorted(), ['2026-11-28', '2026-11-29']);
  assert.equal(messagesOf(third, '2026-11-28', 'a.test'), 10);
  assert.equal(messagesOf(third, '2026-11-29', 'a.test'), 1);
});

test('files of days take turns, and what is too old is not read', async (t) => {
  const { open, clock, folder } = ground(t);
  const source = await open();
  for (let day = 0; day < 6; day++) {
    source.take({ counts: [counted('a.test', day + 1)], leftOut: 0 });
    clock.nowMs += dayMs;
  }
  await source.close();
  assert.equal(readdirSync(folder).length, 4);
  clock.nowMs -= dayMs;
  assert.deepEqual((await open()).days().toSorted(), ['2026-12-01', '2026-12-02', '2026-12-03']);
  clock.nowMs += 30 * dayMs;
  assert.deepEqual((await open()).days(), []);
});

test('a file that is damaged costs its day, is told, and stops no start', async (t) => {
  const { open, log, folder } = ground(t);
  writeFileSync(join(folder, 'dmarc-0.json'), '{"version":2,"day":"2026-11-28"}');
  writeFileSync(join(folder, 'dmarc-1.json'), 'x');
  const source = await open();
  assert.deepEqual(source.days(), []);
  assert.equal(log.lines.filter((line) => line.includes('counts for DMARC reports are lost')).length, 2);
});

test('domains of our own, and those of few messages, get no report where that is wanted', async (t) => {
  const { open } = ground(t, { minMessages: 3 });
  const source = await open();
  source.take({
    counts: [counted('own.test', 9), counted('few.test', 2), counted('many.test', 3)],
    leftOut: 5,
  });
  assert.deepEqual([...source.domainsOf('2026-11-28')], ['many.test']);
  assert.equal(messagesOf(source, '2026-11-28', 'own.test'), 0);
});
