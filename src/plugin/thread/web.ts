// Asks web servers for a plugin. Promises: each question ends in its time; a bounded number runs at once, and a bounded number waits; an answer
// has a bounded size.

import type { LookupFunction } from 'node:net';
import * as http from 'node:http';
import * as https from 'node:https';

import { Places } from '../../io/places.ts';
import type { FetchAnswer, FetchRequest, PluginDns } from '../types.ts';
import { addressesInHosts } from './hosts-file.ts';
import { isIP } from '../../values/ip-version.ts';

const usualTimeLimitMs = 10_000;
const mostTimeLimitMs = 60_000;
const mostAtOnce = 50;
const mostWaiting = 1_000;
const mostAnswerBytes = 10 * 1024 * 1024;

/** Methods that may be repeated when a connection that was kept has just been closed by the server (RFC 9110 9.2.2). */
const repeatable: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export class Web {
  readonly #places = new Places(mostAtOnce, mostWaiting);
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true, maxFreeSockets: 10, timeout: mostTimeLimitMs }),
    'https:': new https.Agent({ keepAlive: true, maxFreeSockets: 10, timeout: mostTimeLimitMs }),
  };
  readonly #lookup: LookupFunction;

  constructor(dns: Pick<PluginDns, 'a' | 'aaaa'>) {
    this.#lookup = (name, { all }, done) => {
      const answer = (found: readonly string[]): void => {
        const addresses = found.map((address) => ({ address, family: isIP(address) }));
        const [first] = addresses;
        if (first === undefined) done(new Error(`${name} has no address`), '', 4);
        else if (all === true) done(null, addresses);
        else done(null, first.address, first.family);
      };
      const fail = (error: Error): void => done(error, '', 4);
      addressesOf(name, dns).then(answer, fail);
    };
  }

  readonly fetch = async (url: string, request: FetchRequest = {}): Promise<FetchAnswer> => {
    const target = targetOf(url);
    const { timeLimitMs = usualTimeLimitMs } = request;
    const limitMs = Math.min(timeLimitMs, mostTimeLimitMs);
    const late = new Error(`${target.host} did not answer within ${limitMs} ms`);
    const untilMs = performance.now() + limitMs;
    const place = await this.#places.take(limitMs);
    if (place === 'full') throw new Error(`more than ${mostWaiting} requests wait for a place`);
    if (place === 'late') throw late;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(late), Math.max(1, untilMs - performance.now()));
    try {
      return await this.#ask(target, request, abort.signal);
    } catch (error) {
      throw abort.signal.aborted ? late : error;
    } finally {
      clearTimeout(timer);
      this.#places.leave();
    }
  };

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async #ask(target: URL, request: FetchRequest, signal: AbortSignal): Promise<FetchAnswer> {
    const method = request.method ?? (request.body === undefined ? 'GET' : 'POST');
    const agent = repeatable.has(method) ? this.#agents[target.protocol as 'http:' | 'https:'] : undefined;
    try {
      return await this.#send(target, { ...request, method }, agent, signal);
    } catch (error) {
      if (!(error instanceof ClosedBeforeAnswer) || signal.aborted) throw error;
      return this.#send(target, { ...request, method }, undefined, signal);
    }
  }

  #send(
    target: URL,
    { method = 'GET', headers = {}, body }: FetchRequest,
    agent: http.Agent | undefined,
    signal: AbortSignal,
  ): Promise<FetchAnswer> {
    const { request: open } = target.protocol === 'https:' ? https : http;
    return new Promise((resolve, reject) => {
      const request = open(target, {
        method,
        headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
        agent: agent ?? false,
        lookup: this.#lookup,
        signal,
      });
      request.on('error', (error: Error & { readonly code?: string }) => {
        const wasKept = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(
          wasKept
            ? new ClosedBeforeAnswer()
            : new Error(`${target.host}: ${error.message}`, { cause: error }),
        );
      });
      request.on('response', (response) => void answerOf(response, target).then(resolve, reject));
      request.end(body);
    });
  }
}

/** A connection that was kept open was closed by the server when it was used again. */
class ClosedBeforeAnswer extends Error {}

function targetOf(url: string): URL {
  const target = URL.parse(url);
  if (target === null || (target.protocol !== 'http:' && target.protocol !== 'https:')) {
    throw new TypeError(
      `${JSON.stringify(url)} is no address of a web server, such as "https://example.com/"`,
    );
  }
  return target;
}

async function addressesOf(name: string, dns: Pick<PluginDns, 'a' | 'aaaa'>): Promise<readonly string[]> {
  const known = addressesInHosts(name);
  if (known.length > 0) return known;
  // RFC 6761 6.3.
  if (/(?:^|\.)localhost\.?$/iu.test(name)) return ['127.0.0.1', '::1'];
  const [four, six] = await Promise.allSettled([dns.a(name), dns.aaaa(name)]);
  const found = [four, six].flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  if (found.length === 0 && four.status === 'rejected') throw four.reason;
  return found;
}

async function answerOf(response: http.IncomingMessage, { host }: URL): Promise<FetchAnswer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > mostAnswerBytes) {
      response.destroy();
      throw new Error(`${host} answered more than ${mostAnswerBytes / 1024 / 1024} MiB`);
    }
    pieces.push(piece);
  }
  if (!response.complete) throw new Error(`${host} closed the connection before its answer was complete`);
  const bytes = Buffer.concat(pieces);
  const headers = Object.entries(response.headersDistinct).map(([name, values = []]) => [
    name,
    values.join(', '),
  ]);
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(headers) as Record<string, string>,
    bytes,
    text: () => bytes.toString('utf8'),
    json: () => JSON.parse(bytes.toString('utf8')) as unknown,
  };
}
