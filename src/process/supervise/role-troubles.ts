// What people read in `sluice status` when a role has no process that works.

import type { RoleName } from '../role.ts';

/** The texts of a trouble; see `Trouble`. */
export interface RoleTrouble {
  readonly text: string;
  readonly advice: string;
}

/** The consequence while a role does not run. */
const withoutRole: Readonly<Record<RoleName, string>> = {
  manager: 'mail is taken and nothing is delivered',
  receiver: 'its clients have to try again',
  sender: 'the other senders deliver; if there is only one, nothing is delivered',
  keys: 'users cannot log in, and what needs the directory is answered with temporary errors',
  control: 'operators get no answers',
  pop3: 'users cannot fetch their mail by POP3',
};

/** @param name - the role with its number, for people */
export function stalledTrouble(role: RoleName, name: string, pid: number | undefined): RoleTrouble {
  return {
    text: `The ${name} process (${pid}) does not answer: it is stopped by a signal, or hangs.`,
    advice: `Until it answers, ${withoutRole[role]}. After unresponsive_after in [crash] it is ended and started again; kill -CONT ${pid} wakes one that was stopped.`,
  };
}

/** @param how - `with exit code 1`, `by SIGKILL`; @param lastWords - a sentence with the reason that it reported, or empty */
export function endedTrouble(role: RoleName, name: string, how: string, lastWords: string): RoleTrouble {
  return {
    text: `The ${name} process ended ${how} and is being started again.${lastWords}`,
    advice: `Until it runs, ${withoutRole[role]}. If this goes on, look at the log for what it said.`,
  };
}

/** The system started no process; @param reason - in the words of the system */
export function notStartedTrouble(role: RoleName, name: string, reason: string): RoleTrouble {
  return {
    text: `The ${name} process could not be started: ${reason}. Sluice tries again.`,
    advice: `Until it runs, ${withoutRole[role]}. ${notStartedAdvice}`,
  };
}

export const notStartedAdvice =
  'Look at the memory of this host, and at its limits of processes and open files (ulimit -u, ulimit -n).';
