// What is wrong with the secrets of SRS now, for `sluice check`: all are warnings, because a start and a reload go on without them.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { readSrsSecretFile } from '../process/watch/srs-secret-file.ts';
import { leastSecretCharacters } from '../srs/srs-secrets.ts';
import { mayRead, spoolOwner } from './spool-owner.ts';

/** Reads the file once, as the user who runs this command. What is published is asked by `sluice srs check`. */
export function srsProblems(config: Pick<Config, 'srs' | 'route' | 'user' | 'spool'>): ConfigWarning[] {
  const { srs, route } = config;
  if (srs === undefined) return [];
  const warn = (key: string, message: string): ConfigWarning[] => [{ path: ['srs', key], message }];
  const unused = route.some((each) => each.srs === true)
    ? []
    : warn(
        'domain',
        'no [[route]] has srs = true, so no sender is rewritten; mail to SRS addresses is taken',
      );
  const found = readSrsSecretFile(srs.secretFile);
  if (found.kind === 'missing')
    return [
      ...unused,
      ...warn('secret_file', `${found.reason}; until then, mail that has to be rewritten waits`),
    ];
  const owner = spoolOwner(config);
  if (owner !== undefined && !mayRead(owner, srs.secretFile)) {
    const message = `${srs.secretFile}: the user who runs Sluice, to whom the spool belongs, may not read it; until then, mail that has to be rewritten waits`;
    return [...unused, ...warn('secret_file', message)];
  }
  const [first = ''] = found.secrets;
  if (first.length >= leastSecretCharacters) return unused;
  const message = `the first secret has ${first.length} characters, and can be guessed from one address; make another with "sluice srs secret"`;
  return [...unused, ...warn('secret_file', message)];
}
