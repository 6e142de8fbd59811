// Runs checks side by side, within a time for all of them. Promise: one that hangs or fails hides no finding of the others, and is
// reported as not looked at.

import { SluiceError } from '../../errors/sluice-error.ts';
import { type Check, checkKinds, type Patient } from './check.ts';
import { type Finding, notSeen, type Severity } from './finding.ts';

const order: readonly Severity[] = ['error', 'warning', 'note'];

export interface Examination {
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** A check was given up: it may still hold on to this process. */
  readonly isCutShort: boolean;
}

/** @param late - resolves when the time is over */
export async function examine(
  patient: Patient,
  checks: readonly Check[],
  late: Promise<unknown>,
): Promise<Examination> {
  let isCutShort = false;
  const givenUp = async ({ subject }: Check): Promise<readonly Finding[]> => {
    await late;
    isCutShort = true;
    return [
      notSeen(
        `Looking at ${subject} took too long and was given up.`,
        'Run "sluice doctor" again with a longer --timeout; if that does not help, something there hangs.',
      ),
    ];
  };
  const found = await Promise.all(
    checks
      .toSorted((a, b) => checkKinds.indexOf(a.kind) - checkKinds.indexOf(b.kind))
      .map((check) => Promise.race([looked(check, patient), givenUp(check)])),
  );
  const findings = found.flat().toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  return { findings, isCutShort };
}

async function looked({ subject, look }: Check, patient: Patient): Promise<readonly Finding[]> {
  try {
    return await look(patient);
  } catch (problem) {
    const why = problem instanceof Error ? problem.message : String(problem);
    const advice =
      problem instanceof SluiceError && problem.advice !== '' ? problem.advice : 'Run it as root.';
    return [notSeen(`Looking at ${subject} failed: ${why}`, advice)];
  }
}
