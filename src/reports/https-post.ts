// Hands a report in by HTTPS (RFC 8460 5.4). Promises: one deadline for all of it, certificates are checked, at most a few redirects, each to
// an address of the public internet (unless others are allowed), and nothing of an answer is kept but its status.

import type { LookupAddress } from 'node:dns';
import { request } from 'node:https';
import type { SecureContext } from 'node:tls';
import type { Resolver } from '../dns/types.ts';
import { type HttpsRequest, httpsTo } from '../io/https-to-addresses.ts';
import type { Timers } from '../io/timers.ts';
import { isPublicAddress } from '../values/public-address.ts';
import { parseReportUri } from '../values/report-uri.ts';

export interface PostOptions {
  readonly resolver: Pick<Resolver, 'addresses'>;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly timers: Timers;
  /** Of the authorities that are trusted. */
  readonly secureContext: () => Promise<SecureContext>;
  /** Whether a report may go into private networks and to this host. */
  readonly mayBePrivate: boolean;
  /** For the look-up, connecting, the handshake and the answers together. */
  readonly deadlineMs: number;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

export type Posted =
  /** By its status. */
  { readonly kind: 'sent'; readonly status: number } | { readonly kind: 'later'; readonly reason: string };

const maxRedirects = 3;
/** RFC 9110 15.4: these two keep the method and the content. Others make it a request for a page. */
const redirects: ReadonlySet<number> = new Set([307, 308]);

/** One answer. */
type Answered =
  | { readonly kind: 'answered'; readonly status: number; readonly location: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** Sends the content as the body of a POST; never rejects. @param url - https, without user and password */
export async function postReport(
  url: string,
  mediaType: string,
  content: Uint8Array,
  options: PostOptions,
): Promise<Posted> {
  const { timers, deadlineMs } = options;
  const expired = new AbortController();
  const timer = timers.setTimeout(
    () => expired.abort(new Error(`no answer within ${deadlineMs / 1000} seconds`)),
    deadlineMs,
  );
  const signal =
    options.signal === undefined ? expired.signal : AbortSignal.any([expired.signal, options.signal]);
  try {
    return await post(url, mediaType, content, { ...options, signal });
  } finally {
    timers.clear(timer);
  }
}

async function post(
  url: string,
  mediaType: string,
  content: Uint8Array,
  options: PostOptions & { readonly signal: AbortSignal },
): Promise<Posted> {
  let target = new URL(url);
  for (let redirected = 0; redirected <= maxRedirects; redirected++) {
    const later = (reason: string): Posted => ({
      kind: 'later',
      reason: `https://${target.host}: ${reason}`,
    });
    const found = await untilAborted(addressesOf(target.hostname, options), options.signal);
    if (found.kind === 'failed') return later(found.reason);
    const secureContext = await options.secureContext();
    const answer = await send(target, mediaType, content, { ...options, ...found, secureContext });
    if (answer.kind === 'failed') return later(answer.reason);
    // RFC 8460 5.4: 200 or 201 as a rule.
    if (answer.status >= 200 && answer.status < 300) return { kind: 'sent', status: answer.status };
    if (!redirects.has(answer.status)) return later(`it answered ${answer.status}`);
    const next = URL.canParse(answer.location, target) ? new URL(answer.location, target) : undefined;
    if (next === undefined || parseReportUri(next.href)?.kind !== 'https')
      return later(`it redirects to ${answer.location.slice(0, 200)}, which is no page of HTTPS`);
    target = next;
  }
  return {
    kind: 'later',
    reason: `https://${target.host}: it was redirected more than ${maxRedirects} times`,
  };
}

type Addresses =
  | { readonly kind: 'found'; readonly addresses: readonly LookupAddress[] }
  | { readonly kind: 'failed'; readonly reason: string };

async function addressesOf(host: string, options: PostOptions): Promise<Addresses> {
  const { resolver, ipv4, ipv6, mayBePrivate } = options;
  const families = [...(ipv6 ? ([6] as const) : []), ...(ipv4 ? ([4] as const) : [])];
  const answers = await Promise.all(
    families.map(async (family) => ({ family, answer: await resolver.addresses(host, family) })),
  );
  const addresses = answers.flatMap(({ family, answer }) =>
    answer.kind === 'found' ? answer.records.map((address) => ({ address, family })) : [],
  );
  const allowed = addresses.filter(({ address }) => mayBePrivate || isPublicAddress(address));
  if (allowed.length > 0) return { kind: 'found', addresses: allowed };
  if (addresses.length > 0) {
    return { kind: 'failed', reason: 'its addresses are not of the public internet' };
  }
  const failed = answers.map(({ answer }) => answer).find(({ kind }) => kind === 'failed');
  const why = failed?.kind === 'failed' ? failed.reason : 'it has none';
  return { kind: 'failed', reason: `its address could not be looked up: ${why}` };
}

async function untilAborted(found: Promise<Addresses>, signal: AbortSignal): Promise<Addresses> {
  const aborted = Promise.withResolvers<Addresses>();
  const end = (): void => aborted.resolve({ kind: 'failed', reason: reasonOf(signal) });
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  try {
    return await Promise.race([found, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

interface SendOptions {
  readonly addresses: readonly LookupAddress[];
  readonly secureContext: SecureContext;
  readonly signal: AbortSignal;
}

function send(
  target: URL,
  mediaType: string,
  content: Uint8Array,
  { addresses, secureContext, signal }: SendOptions,
): Promise<Answered> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve({ kind: 'failed', reason: reasonOf(signal) });
      return;
    }
    const outgoing = request(requestOptions(target, mediaType, content, addresses, secureContext));
    const end = (answered: Answered): void => {
      signal.removeEventListener('abort', aborted);
      resolve(answered);
      // Also ends a body that nobody wants, and a connection that is kept open.
      outgoing.destroy();
    };
    const aborted = (): void => end({ kind: 'failed', reason: reasonOf(signal) });
    signal.addEventListener('abort', aborted);
    outgoing.on('error', (error) => end({ kind: 'failed', reason: error.message }));
    outgoing.on('response', ({ statusCode = 0, headers }) =>
      end({ kind: 'answered', status: statusCode, location: headers.location ?? '' }),
    );
    outgoing.end(content);
  });
}

function requestOptions(
  target: URL,
  mediaType: string,
  content: Uint8Array,
  addresses: readonly LookupAddress[],
  secureContext: SecureContext,
): HttpsRequest {
  return {
    // The addresses were looked at: none is a private one, unless that is allowed.
    ...httpsTo(target.hostname, addresses, secureContext),
    port: target.port === '' ? 443 : Number(target.port),
    path: `${target.pathname}${target.search}`,
    method: 'POST',
    headers: {
      'user-agent': 'Sluice',
      'content-type': mediaType,
      'content-length': content.length,
      connection: 'close',
    },
  };
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : 'it was stopped';
}
