// Exit codes as scripts know them (sysexits of 4.3BSD): the same number always means the same.

import { ConfigError } from '../config/read/config-error.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import { CertificateError } from '../tls/certificate-error.ts';

export const exitCodes = {
  ok: 0,
  /** The command was understood and could not be carried out. */
  failed: 1,
  usage: 64,
  dataError: 65,
  noUser: 67,
  unavailable: 69,
  software: 70,
  osError: 71,
  ioError: 74,
  tempFail: 75,
  noPermission: 77,
  config: 78,
  /** As shells show a command that SIGINT has ended. */
  cancelled: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An error of the command line itself, with the code to exit with. */
export class CommandError extends SluiceError {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, code: string, message: string, advice = '', options?: ErrorOptions) {
    super(code, message, advice, options);
    this.exitCode = exitCode;
  }
}

/** Exit codes of errors that are no `CommandError`, by their codes; all others exit with `failed`. */
const exitCodeOfErrorCode: ReadonlyMap<string, ExitCode> = new Map([
  ['ADDRESS_INVALID', exitCodes.usage],
  ['BACKUP_DAMAGED', exitCodes.dataError],
  ['BACKUP_INCOMPLETE', exitCodes.dataError],
  ['CONFIG_REFUSED', exitCodes.config],
  ['CONTROL_DENIED', exitCodes.noPermission],
  ['COPY_CANCELLED', exitCodes.cancelled],
  ['COPY_FAILED', exitCodes.ioError],
  ['CONTROL_READ_ONLY', exitCodes.noPermission],
  ['NO_WORKING_FOLDER', exitCodes.osError],
  ['SPOOL_DENIED', exitCodes.noPermission],
  ['VALUE_INVALID', exitCodes.usage],
]);

/** The exit code for an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof ConfigError) return exitCodes.config;
  if (error instanceof CertificateError) return exitCodes.config;
  const known = error instanceof SluiceError ? exitCodeOfErrorCode.get(error.code) : undefined;
  if (known !== undefined) return known;
  return error instanceof SluiceError ? exitCodes.failed : exitCodes.software;
}
