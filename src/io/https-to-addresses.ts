// The part of an HTTPS request that says to whom it goes: to addresses that our own resolver has found, under a certificate for the name.

import type { LookupAddress } from 'node:dns';
import type { RequestOptions } from 'node:https';
import type { TcpNetConnectOpts } from 'node:net';
import type { ConnectionOptions, SecureContext } from 'node:tls';

/** How long one address may take to connect before the next one is tried beside it. */
const attemptMs = 3_000;

export type HttpsRequest = RequestOptions &
  Pick<ConnectionOptions, 'secureContext'> &
  Pick<TcpNetConnectOpts, 'autoSelectFamily' | 'autoSelectFamilyAttemptTimeout'>;

/** @param host - whose certificate it must be. @param secureContext - with the authorities that are believed */
export function httpsTo(
  host: string,
  addresses: readonly LookupAddress[],
  secureContext: SecureContext,
): HttpsRequest {
  return {
    host,
    servername: host,
    agent: false,
    secureContext,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    maxHeaderSize: 16_384,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptMs,
    lookup: (_name, { all }, done) => {
      const [first] = addresses;
      if (all === true || first === undefined) done(null, [...addresses]);
      else done(null, first.address, first.family);
    },
  };
}
