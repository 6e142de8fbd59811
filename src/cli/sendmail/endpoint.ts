// Where a local program finds the running Sluice: its first listener.

import type { Config } from '../../config/config.ts';
import { type Endpoint, formatEndpoint } from '../../config/values/endpoint.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';

/**
 * The first listener, as a client on this host reaches it.
 * @throws {CommandError} EX_CONFIG when its port is not known beforehand.
 */
export function submissionEndpoint(config: Config): Endpoint {
  const [first] = config.listen;
  if (first === undefined || first.address.port === 0) {
    throw new CommandError(
      exitCodes.config,
      'SENDMAIL_NO_LISTENER',
      'mail is handed to the first [[listen]] of the configuration, and that has no fixed port',
      'Give it a port.',
    );
  }
  const { host, port } = first.address;
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  return { host: host === '::' ? '::1' : host, port };
}

/** Sluice cannot be reached: whoever called keeps the message and tries again. */
export function notRunning(endpoint: Endpoint, reason: string): CommandError {
  return new CommandError(
    exitCodes.tempFail,
    'SENDMAIL_NOT_RUNNING',
    `cannot hand the message to Sluice at ${formatEndpoint(endpoint)}: ${reason}; nothing was sent`,
    'Start it with: sluice serve; then try again.',
  );
}
