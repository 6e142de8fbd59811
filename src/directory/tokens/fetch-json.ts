// Asks an issuer of tokens over HTTP for a JSON text. Promises: one deadline for everything from the look-up of the name to the last byte, a
// bounded answer, a bounded number of questions under way, no redirects, and never an error that is thrown.

import type { IncomingMessage, RequestOptions } from 'node:http';
import type { TcpNetConnectOpts } from 'node:net';
import type { ConnectionOptions, SecureContext } from 'node:tls';
import type { Timers } from '../../io/timers.ts';
import type { Failing } from '../types.ts';
import type { HostLookups } from './host-lookups.ts';

export interface JsonQuestion {
  readonly url: string;
  readonly deadlineMs: number;
  readonly mostBytes: number;
  /** A form (POST), with its Authorization header; undefined: GET. */
  readonly form?: { readonly body: string; readonly authorization: string } | undefined;
}

export type FetchedJson = { readonly kind: 'json'; readonly value: unknown } | Failing;

export interface FetchParts {
  readonly timers: Timers;
  readonly lookups: HostLookups;
  /** Of the authorities that are trusted. It may reject. */
  readonly secureContext: () => Promise<SecureContext>;
}

/** Questions to one issuer at the same time; further ones fail at once. */
const mostUnderWay = 100;

export class JsonFetcher {
  readonly #parts: FetchParts;
  readonly #closing = new AbortController();
  #underWay = 0;

  constructor(parts: FetchParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async fetch(question: JsonQuestion): Promise<FetchedJson> {
    if (this.#underWay >= mostUnderWay) return failing('too many questions to it are under way');
    this.#underWay++;
    try {
      return await this.#within(question);
    } catch (error) {
      return failing(error instanceof Error ? error.message : String(error));
    } finally {
      this.#underWay--;
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort();
  }

  async #within(question: JsonQuestion): Promise<FetchedJson> {
    const { timers, lookups, secureContext } = this.#parts;
    const ended = new AbortController();
    const end = (): void => ended.abort();
    const timer = timers.setTimeout(end, question.deadlineMs);
    this.#closing.signal.addEventListener('abort', end);
    try {
      const url = new URL(question.url);
      const secure = url.protocol === 'https:' ? await within(secureContext(), ended.signal) : undefined;
      const answer = await ask(url, question, { secure, lookups, signal: ended.signal });
      return answer;
    } catch (error) {
      if (this.#closing.signal.aborted) return failing('Sluice does not use it any more');
      if (ended.signal.aborted) return failing(`no complete answer within ${question.deadlineMs / 1000} s`);
      throw error;
    } finally {
      timers.clear(timer);
      this.#closing.signal.removeEventListener('abort', end);
    }
  }
}

interface AskParts {
  /** Undefined: in clear. */
  readonly secure: SecureContext | undefined;
  readonly lookups: HostLookups;
  readonly signal: AbortSignal;
}

type Options = RequestOptions &
  Pick<ConnectionOptions, 'secureContext'> &
  Pick<TcpNetConnectOpts, 'autoSelectFamily'>;

async function ask(url: URL, { form, mostBytes }: JsonQuestion, parts: AskParts): Promise<FetchedJson> {
  const { secure, lookups, signal } = parts;
  // Loaded now: with HTTP come WebSockets and more, for 50 ms of each start.
  const { request } = await (secure === undefined ? import('node:http') : import('node:https'));
  return new Promise((resolve, reject) => {
    const options: Options = {
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        'user-agent': 'Sluice',
        accept: 'application/json',
        connection: 'close',
        ...(form !== undefined && {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(form.body),
          authorization: form.authorization,
        }),
      },
      agent: false,
      signal,
      maxHeaderSize: 16_384,
      autoSelectFamily: true,
      lookup: lookups.lookup,
      ...(secure !== undefined && { secureContext: secure, minVersion: 'TLSv1.2', rejectUnauthorized: true }),
    };
    const outgoing = request(url, options);
    const end = (answer: FetchedJson): void => {
      resolve(answer);
      outgoing.destroy();
    };
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const problem = headProblem(response);
      if (problem === undefined) readBody(response, mostBytes, end, reject);
      else end(failing(problem));
    });
    outgoing.end(form?.body);
  });
}

/** Redirects are not followed: the secret of the client, or trust in keys, would go wherever they lead. */
function headProblem({ statusCode = 0 }: IncomingMessage): string | undefined {
  if (statusCode === 200) return undefined;
  const isRedirect = statusCode >= 300 && statusCode < 400;
  return `it answered ${statusCode}${isRedirect ? ', and redirects are not followed' : ''}`;
}

function readBody(
  response: IncomingMessage,
  mostBytes: number,
  end: (answer: FetchedJson) => void,
  failed: (error: Error) => void,
): void {
  const pieces: Buffer[] = [];
  let size = 0;
  response.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size > mostBytes) end(failing(`its answer is larger than ${mostBytes} bytes`));
    else pieces.push(piece);
  });
  response.on('end', () => end(parseJson(Buffer.concat(pieces))));
  response.on('error', failed);
  response.on('close', () => failed(new Error('it ended in the middle of its answer')));
}

/** @returns failing when it is no JSON in UTF-8 */
export function parseJson(bytes: Uint8Array): FetchedJson {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { kind: 'json', value: JSON.parse(text) as unknown };
  } catch {
    return failing('its answer is no JSON');
  }
}

export function failing(reason: string): Failing {
  return { kind: 'failing', reason };
}

/** Rejects as soon as the signal does. */
function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(new Error('aborted'));
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
