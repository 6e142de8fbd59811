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

/** Beginnings of keys of troubles, with the checks that look at the same. "disk:write" and "certificate" alone are about more. */
const toldElsewhere: readonly (readonly [key: RegExp, kind: CheckKind])[] = [
  [/^capacity:.*PORTS$/u, 'ports'],
  [/^capacity:/u, 'files'],
  [/^certificate:/u, 'certificates'],
  [/^disk$/u, 'disk'],
  [/^dns$/u, 'dns'],
  [/^source:/u, 'ports'],
];

/** Of processes that cannot be seen, only the running Sluice itself tells. */
function toldBy({ kinds, processes, isOffline }: Patient): (key: string) => boolean {
  const areSeen = processes.kind === 'running' && processes.roles.length > 0;
  return (key) => {
    const kind = toldElsewhere.find(([pattern]) => pattern.test(key))?.[1];
    if (kind === undefined || !kinds.has(kind)) return false;
    if (kind === 'dns') return !isOffline;
    return kind !== 'files' || areSeen;
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
