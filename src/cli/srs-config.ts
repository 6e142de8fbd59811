// [srs] of the configuration that a command works with, and its secrets, as the user who runs the command may read them.

import type { Config } from '../config/config.ts';
import type { SrsConfig } from '../config/srs-config.ts';
import { readSrsSecretFile } from '../process/watch/srs-secret-file.ts';
import { srsSettings } from '../settings/srs.ts';
import { Srs } from '../srs/srs.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

/** @throws {CommandError} `SRS_OFF` */
export function configuredSrs({ srs }: Pick<Config, 'srs'>): SrsConfig {
  if (srs !== undefined) return srs;
  throw new CommandError(
    exitCodes.config,
    'SRS_OFF',
    'The configuration has no [srs], so no sender is rewritten.',
    'Write [srs] with domain and secret_file; docs/srs.md says how.',
  );
}

/** SRS as a running Sluice has it. @throws {CommandError} `SRS_OFF`, `SRS_SECRET_MISSING` */
export function srsOf(config: Config): Srs {
  const { secretFile } = configuredSrs(config);
  const settings = srsSettings(config);
  const found = readSrsSecretFile(secretFile);
  if (settings !== undefined && found.kind === 'secrets')
    return new Srs(settings.scheme, found.secrets, settings.isOwn);
  const reason = found.kind === 'missing' ? found.reason : '';
  throw new CommandError(
    exitCodes.failed,
    'SRS_SECRET_MISSING',
    `The secrets of SRS cannot be read: ${reason}.`,
    'Correct the file, run this command as root, or make a file with sluice srs secret.',
  );
}
