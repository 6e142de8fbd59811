// Looks at the modes of what belongs to Sluice, and tries the secrets and keys that the configuration names.

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { ConfigWarning } from '../../config/read/config-warning.ts';
import { placeWarnings } from '../../config/read/config-warning.ts';
import { isOpenToAll } from '../../process/watch/secret-file.ts';
import { configuredDomains, keysOf } from '../dkim-keys.ts';
import { secretProblems } from '../secret-problems.ts';
import { signingProblems } from '../signing-problems.ts';
import { placeProblems } from '../surroundings.ts';
import type { Check, Patient } from './check.ts';
import { type FileMode, type Problem, type RightsFacts, rightsFindings } from './rights.ts';

export const rights: Check = {
  kind: 'rights',
  subject: 'the rights of files and folders',
  look: async (patient) => rightsFindings(await rightsFacts(patient)),
};

async function rightsFacts({ config, processes }: Patient): Promise<RightsFacts> {
  const modes: FileMode[] = [];
  const unseen: string[] = [];
  const wanted = [
    { kind: 'spool', path: config.spool },
    ...configurationFiles(config).map((path) => ({ kind: 'configuration', path }) as const),
    { kind: 'control socket', path: config.controlSocket },
  ] as const;
  for (const { kind, path } of wanted) {
    try {
      modes.push({ kind, path, mode: (await stat(path)).mode & 0o1777 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') unseen.push(path);
    }
  }
  return {
    // What is there already belongs to the running one.
    places: processes.kind === 'stopped' ? problems(placeProblems(config)) : [],
    secrets: [...problems(secretProblems(config)), ...srsProblems(config)],
    keys: [...problems(await signingProblems(config)), ...(await otherKeys(config))],
    modes,
    unseen,
  };
}

/** With their folders: who may write there may put another file in place. */
function configurationFiles({ file, fragments }: Config): readonly string[] {
  const files = [...(file === undefined ? [] : [file]), ...fragments];
  return [...new Set([...files, ...files.map((each) => dirname(each))])];
}

function problems(warnings: readonly ConfigWarning[]): readonly Problem[] {
  return placeWarnings(warnings, undefined).map(({ key, message }) => ({ key, message }));
}

function srsProblems({ srs }: Config): readonly Problem[] {
  if (srs === undefined || !isOpenToAll(srs.secretFile)) return [];
  return [{ key: 'srs.secret_file', message: `every user of this host may read ${srs.secretFile}` }];
}

/** Those whose file depends on the domain. */
async function otherKeys(config: Config): Promise<readonly Problem[]> {
  const known = new Set(config.signingKey.map(({ file }) => file));
  const found = await Promise.all(configuredDomains(config).map((domain) => keysOf(config, domain)));
  const broken = found
    .flat()
    .flatMap(({ path, signs, file }) =>
      signs && file.kind === 'unusable' && !known.has(path)
        ? [[path, { key: 'signing_key', message: `${path}: ${file.reason}` }] as const]
        : [],
    );
  return [...new Map(broken).values()];
}
