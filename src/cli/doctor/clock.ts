// The clock: is it right, and who keeps it so? Mail has dates, certificates and signatures have ends, and DNSSEC has both.

import { stat } from 'node:fs/promises';
import { runProgram } from '../../io/run-program.ts';
import type { Check, Patient } from './check.ts';
import { error, type Finding, note, warning } from './finding.ts';

export interface ClockFacts {
  readonly nowMs: number;
  /** Files that were written at a time when the clock said so, and their dates. */
  readonly marks: readonly { readonly path: string; readonly atMs: number }[];
  /** What the first program says that knows; undefined: none does. */
  readonly synchronised: { readonly by: string; readonly isSo: boolean } | undefined;
}

/** Files of a network share may have dates of another clock. */
const tolerableMs = 3_600_000;
const answersWithinMs = 3_000;

export const clock: Check = {
  kind: 'clock',
  subject: 'the clock',
  look: async (patient) => clockFindings(await clockFacts(patient)),
};

export function clockFindings({ nowMs, marks, synchronised }: ClockFacts): readonly Finding[] {
  const found: Finding[] = [];
  const latest = marks.toSorted((a, b) => b.atMs - a.atMs)[0];
  if (latest !== undefined && latest.atMs > nowMs + tolerableMs)
    found.push(
      error(
        'clock-behind',
        `The clock says ${dateText(nowMs)}, but ${latest.path} was written at ${dateText(latest.atMs)}. One of the two is wrong: mail would have wrong dates, and certificates and DNSSEC would fail.`,
        'chronyc makestep, or timedatectl set-ntp true; then: sluice clock confirm',
      ),
    );
  if (synchronised === undefined)
    found.push(
      note(
        'clock-unknown',
        'No program of this host says whether its clock is synchronised: neither timedatectl nor chronyc nor ntpq answers. In a container, that is the business of its host.',
        'apt-get install chrony, where this is no container',
      ),
    );
  else if (!synchronised.isSo)
    found.push(
      warning(
        'clock-unsynchronised',
        `The clock of this host is not synchronised, says ${synchronised.by}.`,
        'timedatectl set-ntp true, or systemctl enable --now chrony; "chronyc sources" shows the servers',
      ),
    );
  return found;
}

function dateText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Each with what it prints, and what that means; undefined: it does not know. */
const programs: readonly {
  readonly name: string;
  readonly command: readonly string[];
  readonly isSo: (printed: string) => boolean | undefined;
}[] = [
  {
    name: 'timedatectl',
    command: ['timedatectl', 'show', '--property=NTPSynchronized', '--value'],
    isSo: (printed) => yesOrNo(printed.trim(), 'yes', 'no'),
  },
  {
    name: 'chronyc',
    command: ['chronyc', '-n', 'tracking'],
    isSo: (printed) => {
      const state = /^Leap status\s*:\s*(?<state>.+)$/mu.exec(printed)?.groups?.['state'];
      return state === undefined ? undefined : state !== 'Not synchronised';
    },
  },
  {
    name: 'ntpq',
    command: ['ntpq', '-c', 'rv 0 leap'],
    isSo: (printed) => {
      const leap = /leap=(?<leap>\w+)/u.exec(printed)?.groups?.['leap'];
      return leap === undefined ? undefined : leap !== 'alarm' && leap !== '11';
    },
  },
];

function yesOrNo(said: string, yes: string, no: string): boolean | undefined {
  return said === yes ? true : said === no ? false : undefined;
}

async function clockFacts({ config }: Patient): Promise<ClockFacts> {
  const marks = await Promise.all(
    // The package, and what systemd-timesyncd touches while it runs, so that a host without a battery knows a date at its start.
    [packageFile, config.spool, '/var/lib/systemd/timesync/clock'].map(async (path) => {
      try {
        return [{ path, atMs: (await stat(path)).mtimeMs }];
      } catch {
        return [];
      }
    }),
  );
  return { nowMs: Date.now(), marks: marks.flat(), synchronised: await synchronisedBy() };
}

const packageFile = new URL('../../../package.json', import.meta.url).pathname;

async function synchronisedBy(): Promise<ClockFacts['synchronised']> {
  const signal = AbortSignal.timeout(answersWithinMs);
  const limits = { timeMs: answersWithinMs, mostBytes: 64 * 1024, signal };
  const asked = await Promise.all(
    programs.map(async ({ name, command, isSo }) => {
      const run = await runProgram(command, limits);
      return { by: name, isSo: run.kind === 'ended' ? isSo(run.printed.toString()) : undefined };
    }),
  );
  for (const { by, isSo } of asked) if (isSo !== undefined) return { by, isSo };
  return undefined;
}
