// Fetches the policy file of a domain over HTTPS (RFC 8461 3.3). Promises: one deadline for everything from the connection to the
// last byte, at most 64 KiB, no redirects, no answer without a certificate that is valid for the host by PKIX.

import type { LookupAddress } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { type SecureContext, TLSSocket } from 'node:tls';
import { type HttpsRequest, httpsTo } from '../io/https-to-addresses.ts';
import type { Timers } from '../io/timers.ts';
import { chainProblem } from '../tls/chain-problem.ts';
import type { TlsProblem } from '../values/tls-outcome.ts';
import { readStsPolicy, type StsPolicy } from './sts-policy.ts';

export type FetchedPolicy =
  | { readonly kind: 'fetched'; readonly policy: StsPolicy }
  | ({ readonly kind: 'failed' } & TlsProblem);

export interface FetchOptions {
  readonly timers: Timers;
  /** Of the authorities that are trusted. */
  readonly secureContext: SecureContext;
  /** 443, but for tests. */
  readonly port: number;
  /** For connecting, the handshake and the whole answer together. */
  readonly deadlineMs: number;
  /** Ends the fetch early. */
  readonly signal?: AbortSignal | undefined;
}

/** RFC 8461 3.3: a limit on the size of the file is suggested at 64 KiB. */
const maxBytes = 65_536;

/** @param domain - lower-case A-labels */
export function policyHost(domain: string): string {
  return `mta-sts.${domain}`;
}

/**
 * Fetches and reads the policy of a domain; never rejects.
 * @param addresses - of its policy host, in the order in which they are tried; not empty
 */
export function fetchPolicy(
  domain: string,
  addresses: readonly LookupAddress[],
  options: FetchOptions,
): Promise<FetchedPolicy> {
  return new Promise((resolve) => {
    const { timers, deadlineMs, signal } = options;
    const host = policyHost(domain);
    const outgoing = request(requestOptions(host, addresses, options));
    const end = (fetched: FetchedPolicy): void => {
      timers.clear(timer);
      signal?.removeEventListener('abort', aborted);
      resolve(fetched);
      // Also ends a body that nobody wants, and a connection that is kept open.
      outgoing.destroy();
    };
    const fetchError = (reason: string): void =>
      end({ kind: 'failed', result: 'sts-policy-fetch-error', reason: `https://${host}: ${reason}` });
    const aborted = (): void => fetchError('Sluice stops');
    const timer = timers.setTimeout(
      () => fetchError(`no complete answer within ${deadlineMs / 1000} seconds`),
      deadlineMs,
    );
    signal?.addEventListener('abort', aborted);
    outgoing.on('error', (error) => end(connectionFailure(host, outgoing.socket, error)));
    outgoing.on('response', (response) => {
      const problem = headProblem(response);
      if (problem !== undefined) return fetchError(problem);
      return readBody(response, (body) => {
        if (body.kind === 'failed') return fetchError(body.reason);
        return end(readFetched(body.bytes));
      });
    });
    outgoing.end();
  });
}

function requestOptions(
  host: string,
  addresses: readonly LookupAddress[],
  { port, secureContext }: FetchOptions,
): HttpsRequest {
  return {
    // The server name (SNI), and the name that the certificate must be for (RFC 8461 3.3: mta-sts. and the policy domain).
    ...httpsTo(host, addresses, secureContext),
    port,
    path: '/.well-known/mta-sts.txt',
    method: 'GET',
    // RFC 8461 3.3: HTTP caching must not be used. So there is no conditional request, and no connection is kept.
    headers: {
      'user-agent': 'Sluice',
      accept: 'text/plain',
      'cache-control': 'no-cache',
      connection: 'close',
    },
  };
}

/** RFC 8461 3.3: only 200 is an answer, and redirects must not be followed. */
function headProblem({ statusCode = 0, headers }: IncomingMessage): string | undefined {
  if (statusCode !== 200)
    return `it answered ${statusCode}${statusCode >= 300 && statusCode < 400 ? ', and redirects are not followed' : ''}`;
  // A missing type, or a wrong one, is a common mistake, and says nothing about the policy. A web page is no policy.
  const type = headers['content-type'] ?? '';
  return /^text\/html\b/i.test(type) ? 'it answered with a web page, not with a text' : undefined;
}

type Body =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'failed'; readonly reason: string };

function readBody(response: IncomingMessage, done: (body: Body) => void): void {
  const pieces: Buffer[] = [];
  let size = 0;
  response.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size > maxBytes) done({ kind: 'failed', reason: `its answer is larger than ${maxBytes} bytes` });
    else pieces.push(piece);
  });
  response.on('end', () => done({ kind: 'read', bytes: Buffer.concat(pieces) }));
  response.on('error', (error) => done({ kind: 'failed', reason: error.message }));
  response.on('close', () => done({ kind: 'failed', reason: 'it ended in the middle of its answer' }));
}

function readFetched(bytes: Buffer): FetchedPolicy {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { kind: 'failed', result: 'sts-policy-invalid', reason: 'the policy is not UTF-8' };
  }
  const read = readStsPolicy(text);
  return read.kind === 'policy'
    ? { kind: 'fetched', policy: read }
    : { kind: 'failed', result: 'sts-policy-invalid', reason: `the policy is invalid: ${read.reason}` };
}

function connectionFailure(host: string, socket: unknown, error: Error): FetchedPolicy {
  // Set by Node when the chain does not verify, or the certificate is for other names.
  const code = socket instanceof TLSSocket ? String(socket.authorizationError ?? '') : '';
  if (code === '') {
    return { kind: 'failed', result: 'sts-policy-fetch-error', reason: `https://${host}: ${error.message}` };
  }
  const why = /ALTNAME/u.test(code) // Node's own code
    ? `the certificate is not for ${host}, but for ${namesIn(error)}`
    : chainProblem(code).text;
  return { kind: 'failed', result: 'sts-webpki-invalid', reason: `https://${host}: ${why}` };
}

/** Of the certificate in Node's error about names. */
function namesIn(error: Error & { readonly cert?: { readonly subjectaltname?: string } }): string {
  return (error.cert?.subjectaltname ?? 'no name').slice(0, 200);
}
