// `sluice srs secret`: makes the file with the first secret, or puts a new secret in front of those in the file. No secret is removed,
// since addresses that were signed with it are on their way.

import { randomBytes } from 'node:crypto';
import { chownSync, closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/read/config-error.ts';
import { makeFolder } from '../io/make-folder.ts';
import { replaceFile } from '../io/replace-file.ts';
import { readSrsSecretFile } from '../process/watch/srs-secret-file.ts';
import { wholeDays } from '../srs/srs-day.ts';
import { mostSecrets } from '../srs/srs-secrets.ts';
import { configOption, readConfig } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { configuredSrs } from './srs-config.ts';
import { type SpoolOwner, spoolOwner } from './spool-owner.ts';
import { writeReason } from './write-reason.ts';

interface Options {
  readonly config?: string;
  readonly last?: boolean;
}

const secretBytes = 32;
const dayMs = 86_400_000;
const usualExpiryDays = 21;

export function registerSecret(srs: Command): void {
  srs
    .command('secret')
    .description(
      'make a secret that signs SRS addresses: a new file (0600), or a new first line of the file that is there; the secrets before stay good',
    )
    .argument('[file]', 'the file (default: secret_file of [srs])')
    .addOption(configOption())
    .option('--last', 'put it behind the others: it is good for addresses that come back, and signs none yet')
    .action(makeSecret);
}

function makeSecret(named: string | undefined, { config: file, last }: Options): void {
  const config = named === undefined ? readConfig(file) : readConfigIfWhole(file);
  // A first file is made before the configuration can name it.
  const path = named === undefined ? configuredSrs(config as Config).secretFile : resolve(named);
  const lines = `# ${new Date().toISOString().slice(0, 10)}\n${randomBytes(secretBytes).toString('base64url')}\n`;
  if (writeNew(path, lines, config && spoolOwner(config))) {
    process.stdout
      .write(`The secret is in ${path}, which only its owner may read. Other servers that are to take the same addresses need the same file.

[srs]
domain = "srs.example.com"
secret_file = "${path}"
`);
    return;
  }
  add(path, lines, last === true);
  process.stdout.write(addedText(path, last === true, config));
}

/** A file is made also beside a configuration that has a mistake. */
function readConfigIfWhole(file: string | undefined): Config | undefined {
  try {
    return readConfig(file);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function addedText(path: string, isLast: boolean, config: Config | undefined): string {
  if (isLast)
    return `The new secret is the last one in ${path}. When it is in the files of all your servers, move its line to the front, and it signs.
`;
  const days = config?.srs === undefined ? usualExpiryDays : wholeDays(config.srs.expiry);
  const until = new Date(Date.now() + days * dayMs).toISOString().slice(0, 10);
  return `The new secret is the first one in ${path}; a running Sluice signs with it within five seconds. The secrets behind it are still good for
addresses that come back. Remove their lines after ${until}, when the last of those addresses has expired.
`;
}

/** Readable for its owner alone, who is the user that will read it. @returns false when there is such a file */
function writeNew(path: string, text: string, owner: SpoolOwner | undefined): boolean {
  let fd: number;
  try {
    makeFolder(dirname(path), 0o755);
    fd = openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unwritable(path, error);
  }
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  return true;
}

function add(path: string, lines: string, isLast: boolean): void {
  const found = readSrsSecretFile(path);
  if (found.kind === 'missing')
    throw new CommandError(
      exitCodes.failed,
      'SRS_SECRET_MISSING',
      `Adding a secret: ${found.reason}.`,
      'Correct the file first, or name another one: nothing of it was changed.',
    );
  if (found.secrets.length >= mostSecrets)
    throw new CommandError(
      exitCodes.failed,
      'SRS_SECRETS_FULL',
      `Adding a secret: ${path} has ${found.secrets.length} secrets, and more are not read.`,
      'Remove the last ones: the addresses that they have signed are long expired.',
    );
  try {
    const text = readFileSync(path, 'utf8');
    const whole = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    const { mode, uid, gid } = statSync(path);
    const content = isLast ? `${whole}${lines}` : `${lines}${whole}`;
    replaceFile(path, Buffer.from(content), { mode: mode & 0o777, owner: { uid, gid } });
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): CommandError {
  return new CommandError(
    exitCodes.failed,
    'SRS_SECRET_UNWRITABLE',
    `Making a secret: writing ${path}: ${writeReason(error)}.`,
    'Run it as root, or as a user who may write there.',
  );
}
