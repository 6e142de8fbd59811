// The report of a simulation as people read it: the totals, then the largest destinations, then the tenants.

import type { Bound, DestinationReport, SimulationReport, TenantReport } from '../simulate/report.ts';
import { table } from './text-table.ts';

export interface SimulationView {
  readonly by: 'domain' | 'site';
  readonly all: boolean;
}

/** Rows that are shown without `--all`. */
const usualRows = 20;
/** Reasons for waiting that each row shows. */
const shownBounds = 2;

export function simulationText(report: SimulationReport, { by, all }: SimulationView): string {
  const rows = by === 'domain' ? report.domains : report.sites;
  const shown = all ? rows : rows.slice(0, usualRows);
  const parts = [summary(report), destinations(shown, by)];
  if (shown.length < rows.length)
    parts.push(
      `${count(rows.length - shown.length)} more ${by}s: --all shows them, --json has everything.\n`,
    );
  if (report.tenants.length > 1 || report.tenants.some(({ name }) => name !== ''))
    parts.push(`\n${tenants(report.tenants)}`);
  return parts.join('');
}

function summary(report: SimulationReport): string {
  const { delivered, failed, left } = report;
  const ends = [
    `${count(delivered)} delivered`,
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(left > 0 ? [`${count(left)} still waiting`] : []),
  ];
  const end =
    report.finishedMs === null
      ? `stopped after ${time(report.untilMs)}`
      : `finished after ${time(report.finishedMs)}`;
  const lines = [
    [
      'Messages',
      `${count(report.messages)} to ${count(report.recipients)} recipients in ${count(report.domains.length)} domains`,
    ],
    ['Outcome', `${ends.join(', ')}; ${end}`],
    ['Attempts', `${count(report.deferrals)} put off`],
    [
      'Connections',
      `${count(report.connections)} made, at most ${count(report.mostConnections)} at once${report.bans > 0 ? `; ${report.bans === 1 ? '1 ban' : `${count(report.bans)} bans`}` : ''}`,
    ],
  ];
  return `${lines.map(([name = '', text = '']) => `${name.padEnd(12)} ${text}`).join('\n')}\n\n`;
}

function destinations(rows: readonly DestinationReport[], by: 'domain' | 'site'): string {
  const hasBans = rows.some(({ bans }) => bans > 0);
  const hasFailed = rows.some(({ failed, left }) => failed + left > 0);
  return table(
    [
      by.toUpperCase(),
      ...(by === 'site' ? ['DOMAINS'] : []),
      'RECIPIENTS',
      'FIRST',
      'LAST',
      'FINISHED',
      'RATE',
      'CONNECTIONS',
      'PUT OFF',
      ...(hasFailed ? ['FAILED', 'LEFT'] : []),
      ...(hasBans ? ['BANS'] : []),
      'WAITED FOR',
    ],
    rows.map((row) => [
      row.name,
      ...(by === 'site' ? [count(row.domains)] : []),
      count(row.recipients),
      time(row.firstDeliveredMs),
      time(row.lastDeliveredMs),
      time(row.finishedMs),
      rate(row.rate),
      count(row.mostConnections),
      count(row.deferrals),
      ...(hasFailed ? [count(row.failed), count(row.left)] : []),
      ...(hasBans ? [count(row.bans)] : []),
      bounds(row.boundBy),
    ]),
  );
}

function tenants(rows: readonly TenantReport[]): string {
  return table(
    ['TENANT', 'MESSAGES', 'DELIVERED', 'MEDIAN DELAY', '99 %', 'WORST'],
    rows.map((row) => [
      row.name === '' ? '-' : row.name,
      count(row.messages),
      count(row.delivered),
      time(row.medianDelayMs),
      time(row.p99DelayMs),
      time(row.worstDelayMs),
    ]),
  );
}

/** `domain gmail.com (20) 93 %, adaptation 4 %`. */
function bounds(all: readonly Bound[]): string {
  return all
    .filter(({ share }) => share >= 0.01)
    .slice(0, shownBounds)
    .map(({ by, share }) => `${by} ${Math.round(share * 100)} %`)
    .join(', ');
}

function rate(perSecond: number): string {
  return perSecond >= 10 ? `${count(Math.round(perSecond))}/s` : `${count(Math.round(perSecond * 60))}/min`;
}

/** `850ms`, `4.2s`, `12m30s`, `3h05m`, `2d4h`; `-` for never. */
function time(ms: number | null): string {
  if (ms === null) return '-';
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${pad(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h${pad(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d${hours % 24}h`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
