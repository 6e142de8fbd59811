// Hands a message to rspamd by HTTP, and takes its answer. Promises: the message is in memory by some pieces alone; an answer has a bounded size,
// and counts only when it comes after the whole message; a connection that was kept and has just ended is no failure.

import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { setImmediate as aTurn } from 'node:timers/promises';

import type { ServiceAddress } from '../../io/dial-service.ts';
import { serviceFailure } from '../../io/service-failure.ts';
import type { LeavingMessage } from '../leaving-message.ts';
import { isInDoubt } from '../message-in-doubt.ts';
import type { NewBody } from '../stage.ts';
import { type AnswerParts, readAnswer } from './answer-parts.ts';

/** So long is a connection kept that nobody uses; rspamd closes it later. */
const keptMs = 5_000;

export type Posted = ({ readonly kind: 'answer' } & AnswerParts) | { readonly kind: 'too-large' };

export type PostHeaders = Readonly<Record<string, string | readonly string[]>>;

export class RspamdPost {
  /** Loaded at the first message: with HTTP come WebSockets and more, for 50 ms of each start. */
  #http: Pick<typeof import('node:http'), 'Agent' | 'request'> | undefined;
  #agent: Agent | undefined;
  readonly #address: ServiceAddress;

  constructor(address: ServiceAddress) {
    this.#address = address;
  }

  /**
   * @param newBody - begins a new body, when rspamd has one
   * @param signal - ends it, with its reason
   * @throws {Error} with a clause about what went wrong
   */
  async send(
    headers: PostHeaders,
    message: LeavingMessage,
    newBody: () => NewBody,
    signal: AbortSignal,
  ): Promise<Posted> {
    this.#http ??= await import('node:http');
    const { Agent: Connections, request } = this.#http;
    // How many are asked at a time, the places of the stage say.
    this.#agent ??= new Connections({ keepAlive: true, maxFreeSockets: 20, timeout: keptMs });
    const begin = (agent: Agent | false): ClientRequest =>
      request(this.#options(headers, message.sizeBytes, agent, signal));
    const first = new Exchange(begin(this.#agent), newBody);
    try {
      return await first.run(message);
    } catch (error) {
      if (isInDoubt(error)) throw error;
      if (signal.aborted) throw signal.reason;
      if (!first.isStale) throw new Error(failureText(error), { cause: error });
    }
    // Nothing has come back on it: the other side had given it up.
    const again = new Exchange(begin(false), newBody);
    try {
      return await again.run(message);
    } catch (error) {
      if (isInDoubt(error)) throw error;
      throw signal.aborted ? signal.reason : new Error(failureText(error), { cause: error });
    }
  }

  #options(
    headers: PostHeaders,
    sizeBytes: number,
    agent: Agent | false,
    signal: AbortSignal,
  ): RequestOptions {
    const at = this.#address;
    const to = at.kind === 'unix' ? { socketPath: at.path } : { host: at.host, port: at.port };
    const all: Record<string, string | string[]> = { 'Content-Length': String(sizeBytes) };
    for (const [name, value] of Object.entries(headers))
      all[name] = typeof value === 'string' ? value : [...value];
    return { ...to, agent, signal, method: 'POST', path: '/checkv2', headers: all };
  }
}

/** One question and its answer. */
class Exchange {
  readonly #request: ClientRequest;
  readonly #newBody: () => NewBody;
  #response: IncomingMessage | undefined;
  #failure: Error | undefined;
  #isSent = false;
  /** Called when something has happened. */
  #wake: (() => void) | undefined;

  constructor(asked: ClientRequest, newBody: () => NewBody) {
    this.#request = asked;
    this.#newBody = newBody;
    asked.on('error', (error) => this.#failed(error));
    asked.on('close', () => this.#failed(new Error('it has closed the connection')));
    asked.on('drain', () => this.#wake?.());
    asked.on('response', (response) => {
      this.#response = response;
      this.#wake?.();
    });
  }

  /** A connection that was kept ended before anything came on it. */
  get isStale(): boolean {
    return this.#request.reusedSocket && this.#response === undefined;
  }

  async run(message: LeavingMessage): Promise<Posted> {
    try {
      await this.#send(message);
      while (this.#response === undefined) await this.#event();
      return await this.#read(this.#response);
    } finally {
      // An exchange that is whole gives its connection back instead.
      if (this.#response?.complete !== true || !this.#isSent) this.#request.destroy();
    }
  }

  async #send(message: LeavingMessage): Promise<void> {
    let left = message.sizeBytes;
    for await (const piece of message.read()) {
      if (this.#response !== undefined) return;
      if (this.#failure !== undefined) throw this.#failure;
      const hasRoom = this.#request.write(piece);
      left -= piece.length;
      // Its length is known, so that from here on an answer is one to the whole message.
      if (left <= 0) break;
      // Else all of it could be said before anything is heard.
      await aTurn();
      if (hasRoom) continue;
      while (this.#request.writableNeedDrain && this.#response === undefined) await this.#event();
    }
    this.#isSent = true;
    this.#request.end();
  }

  async #read(response: IncomingMessage): Promise<Posted> {
    const { statusCode = 0 } = response;
    if (statusCode === 413) return { kind: 'too-large' };
    if (!this.#isSent && statusCode === 200) throw new Error('it answered before it had the whole message');
    if (statusCode !== 200) {
      response.resume();
      throw new Error(`it answered with the status ${statusCode}${hintOf(statusCode)}`);
    }
    return { kind: 'answer', ...(await readAnswer(response, this.#newBody)) };
  }

  #failed(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  async #event(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }
}

function hintOf(status: number): string {
  if (status === 401 || status === 403)
    return ' (is the password right, and this the address of a worker that scans?)';
  return status === 404 ? ' (is this the address of a worker that scans?)' : '';
}

function failureText(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return message;
  // What the parser of HTTP says.
  if (code.startsWith('HPE_')) return `its answer is no HTTP: ${message}`;
  return serviceFailure(error as NodeJS.ErrnoException);
}
