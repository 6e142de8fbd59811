// Who may read and write what belongs to Sluice, judged: secrets, keys, the spool, the configuration and the control socket. The facts are
// gathered by `rights-facts.ts`.

import { error, type Finding, notSeen, warning } from './finding.ts';

export interface RightsFacts {
  /** What cannot be made or written, each with its key. */
  readonly places: readonly Problem[];
  readonly secrets: readonly Problem[];
  /** Keys that sign mail. */
  readonly keys: readonly Problem[];
  /** Files and folders with their modes; without those that are not there. */
  readonly modes: readonly FileMode[];
  /** What this user may not look at. */
  readonly unseen: readonly string[];
}

export interface Problem {
  readonly key: string;
  /** A clause. */
  readonly message: string;
}

export interface FileMode {
  readonly kind: 'spool' | 'configuration' | 'control socket';
  readonly path: string;
  /** The nine bits of permissions, and the sticky bit. */
  readonly mode: number;
}

const sticky = 0o1000;
const forOthers = { any: 0o007, write: 0o002 } as const;

export function rightsFindings({ places, secrets, keys, modes, unseen }: RightsFacts): readonly Finding[] {
  return [
    ...places.map(({ key, message }) =>
      error(
        'rights-place',
        `${key}: ${message}.`,
        'Run "sluice serve" as a user who may, let root make the place and give it away (install -d -o USER), or name another one in the configuration',
      ),
    ),
    ...secrets.map(({ key, message }) =>
      warning(
        'rights-secret',
        `${key}: ${message}.`,
        'See that the file is there, owned by the user that runs Sluice, with mode 600',
      ),
    ),
    ...keys.map(({ key, message }) =>
      error(
        'rights-signing-key',
        `${key}: ${message}. Mail that this key should sign waits.`,
        'chown it to the user that runs Sluice (that of keys in [users]) with mode 600, or make a new one: sluice dkim keygen DOMAIN',
      ),
    ),
    ...modes.flatMap(modeFindings),
    ...unseen.map((path) =>
      notSeen(
        `The rights of ${path} were not looked at: this user may not.`,
        'Run "sluice doctor" as root, or as the user that runs Sluice.',
      ),
    ),
  ];
}

function modeFindings({ kind, path, mode }: FileMode): readonly Finding[] {
  switch (kind) {
    case 'spool':
      if ((mode & forOthers.any) === 0) return [];
      return [
        warning(
          'rights-spool',
          `Every user of this host may ${(mode & forOthers.write) === 0 ? 'look into' : 'write into'} the spool ${path} (mode ${octal(mode)}).`,
          `chmod o-rwx ${path}`,
        ),
      ];
    case 'configuration':
      // In a folder with the sticky bit, such as /tmp, nobody can replace files of others.
      if ((mode & forOthers.write) === 0 || (mode & sticky) !== 0) return [];
      return [
        error(
          'rights-config',
          `Every user of this host may change the configuration ${path} (mode ${octal(mode)}), and so what Sluice does as its user.`,
          `chmod o-w ${path}`,
        ),
      ];
    case 'control socket':
      if ((mode & forOthers.write) === 0) return [];
      return [
        error(
          'rights-control',
          `Every user of this host may use the control socket ${path} (mode ${octal(mode)}): read and remove mail, and stop deliveries.`,
          `chmod o-rwx ${path}`,
        ),
      ];
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
