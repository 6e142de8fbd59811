// Families of what is now: the queue, connections, the spool, troubles.

import type { SiteRow, Status, StatusAnswer } from '../control/operations/status.ts';
import type { TroubleLevel } from '../stats/troubles.ts';
import { type Family, mostLabels, type Sample, single } from './families.ts';

/** What is asked of `status` for them. */
export const statusQuestion = { sites: mostLabels, order: 'waiting' } as const;

/** @param status - without numbers of the manager where it does not answer; then there are no samples of it */
export function currentFamilies(status: StatusAnswer): readonly Family[] {
  return [
    {
      name: 'sluice_build_info',
      kind: 'gauge',
      changesNames: true,
      help: 'Always 1; the version is a label.',
      samples: [{ labels: { version: status.version }, value: 1 }],
    },
    {
      name: 'sluice_troubles',
      kind: 'gauge',
      help: 'What is wrong now, as sluice status shows it.',
      samples: (['critical', 'warning'] satisfies TroubleLevel[]).map((level) => ({
        labels: { level },
        value: status.troubles.filter((each) => each.level === level).length,
      })),
    },
    single(
      'gauge',
      'sluice_manager_up',
      'Whether the manager answers; without it, there are no numbers about the queue.',
      status.kind === 'complete' ? 1 : 0,
    ),
    ...(status.kind === 'complete' ? managerFamilies(status) : []),
  ];
}

function managerFamilies(status: Status): readonly Family[] {
  const { spool, quarantine } = status;
  return [
    single('gauge', 'sluice_queue_messages', 'Messages that are not done yet.', status.messages),
    single('gauge', 'sluice_queue_recipients', 'Recipients that are not done yet.', status.recipients),
    single('gauge', 'sluice_connections', 'Open connections to other servers.', status.connections),
    single('gauge', 'sluice_sender_processes', 'Sender processes that are linked.', status.senders),
    single(
      'gauge',
      'sluice_reports_waiting',
      'Messages whose failures are not reported to their senders yet.',
      status.reports,
    ),
    single('gauge', 'sluice_spool_bytes', 'What the segments of the spool take on the disk.', spool.bytes),
    single(
      'gauge',
      'sluice_damaged_messages',
      'Messages that cannot be read as they were written.',
      spool.damagedMessages,
    ),
    single('gauge', 'sluice_quarantine_messages', 'Messages in quarantine.', quarantine?.messages ?? 0),
    single('gauge', 'sluice_sites', 'Sites with work or connections.', status.siteCount),
    siteRecipients(status),
    siteConnections(status),
  ];
}

function recipientsOf({ waiting, ready, active }: SiteRow): number {
  return waiting + ready + active;
}

/** The sites with most waiting recipients; the others together, with recipients whose site is not known yet. */
function siteRecipients({ sites, recipients }: Status): Family {
  const states = ['waiting', 'ready', 'active'] as const;
  const shown = sites.reduce((sum, row) => sum + recipientsOf(row), 0);
  return {
    name: 'sluice_site_recipients',
    kind: 'gauge',
    changesNames: true,
    help: 'Recipients of the sites with most of them: waiting for a later attempt, ready, or in a transaction.',
    samples: [
      ...sites.flatMap((row) =>
        states.map((state): Sample => ({ labels: { site: row.site, state }, value: row[state] })),
      ),
      { labels: { site: 'other', state: 'any' }, value: Math.max(0, recipients - shown) },
    ],
  };
}

function siteConnections({ sites, connections }: Status): Family {
  const shown = sites.reduce((sum, row) => sum + row.connections, 0);
  return {
    name: 'sluice_site_connections',
    kind: 'gauge',
    changesNames: true,
    help: 'Open connections to the sites with most recipients.',
    samples: [
      ...sites.map((row): Sample => ({ labels: { site: row.site }, value: row.connections })),
      { labels: { site: 'other' }, value: Math.max(0, connections - shown) },
    ],
  };
}
