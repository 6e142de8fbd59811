// The running instance: its own troubles, and whether it is the version that is installed.

import type { StatusAnswer } from '../../control/operations/status.ts';
import { askStatus } from '../../control/status-client.ts';
import { version } from '../../config/version.ts';
import { SluiceError } from '../../errors/sluice-error.ts';
import { ControlError } from '../../control/control-error.ts';
import { untilReachable } from '../until-reachable.ts';
import type { Check, CheckKind, Patient } from './check.ts';
import { error, type Finding, note, notSeen, warning } from './finding.ts';

export type InstanceFacts =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'answered'; readonly status: Pick<StatusAnswer, 'version' | 'troubles'> }
  /** It did not answer, or may not be asked. */
  | { readonly kind: 'failed'; readonly isDenied: boolean; readonly reason: string; readonly advice: string };

export const instance: Check = {
  kind: 'instance',
  subject: 'the running Sluice',
  look: async (patient) => instanceFindings(await instanceFacts(patient), version, toldBy(patient)),
};

/**
 * @param installed - the version of this command
 * @param isTold - whether another check tells of a trouble, with its key, and more closely
 */
export function instanceFindings(
  facts: InstanceFacts,
  installed: string,
  isTold: (key: string) => boolean = () => false,
): readonly Finding[] {
  switch (facts.kind) {
    case 'stopped':
      return [
        note(
          'instance-stopped',
          'No Sluice runs with this configuration. What follows is about a Sluice that this user would start from here.',
          'sluice serve, or systemctl start sluice',
        ),
      ];
    case 'failed': {
      const { isDenied, reason, advice } = facts;
      return [isDenied ? notSeen(reason, advice) : error('instance-silent', reason, advice)];
    }
    case 'answered': {
      const { status } = facts;
      const troubles = status.troubles
        .filter(({ key }) => !isTold(key))
        .map(({ level, text, advice }) =>
          (level === 'critical' ? error : warning)('instance-trouble', text, advice),
        );
      if (status.version === installed) return troubles;
      const older = warning(
        'instance-version',
        `The running Sluice is ${status.version}, and ${installed} is installed.`,
        'systemctl restart sluice',
      );
      return [...troubles, older];
    }
  }
}

/** The checks that look at the same as a trouble. */
const checkOfTrouble: ReadonlyMap<string, CheckKind> = new Map([
  ['capacity', 'files'],
  ['certificate', 'certificates'],
  ['disk', 'disk'],
  ['dns', 'dns'],
  ['source', 'ports'],
]);

/** Of processes that cannot be seen, only the running Sluice itself tells. */
function toldBy({ kinds, processes, isOffline }: Patient): (key: string) => boolean {
  const isSeen = processes.kind === 'running' && processes.roles.length > 0;
  return (key) => {
    const [kind = '', what] = key.split(':');
    // "disk:write" and the like are about more than the check looks at.
    const check = what === undefined || kind === 'source' ? checkOfTrouble.get(kind) : undefined;
    if (check === undefined || !kinds.has(check) || (check === 'dns' && isOffline)) return false;
    return check !== 'files' || isSeen;
  };
}

async function instanceFacts({ config, processes }: Patient): Promise<InstanceFacts> {
  if (processes.kind === 'stopped') return { kind: 'stopped' };
  try {
    const status = await untilReachable(config, () => askStatus(config.controlSocket, { sites: 0 }));
    return { kind: 'answered', status };
  } catch (problem) {
    if (!(problem instanceof SluiceError)) throw problem;
    const { message: reason, advice } = problem;
    // Without the lock of the spool, nobody answers where nobody has to.
    if (problem instanceof ControlError && problem.code === 'NOT_RUNNING') return { kind: 'stopped' };
    return { kind: 'failed', isDenied: problem.code === 'CONTROL_DENIED', reason, advice };
  }
}
