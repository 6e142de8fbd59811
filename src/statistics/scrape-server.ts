// Answers Prometheus at /metrics. Promises: a client that is slow or hostile takes a connection of a few, for seconds, and nothing else;
// scrapes that come together are answered by one collection.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Endpoint, formatEndpoint } from '../values/endpoint.ts';
import type { Troubles } from '../stats/troubles.ts';
import { prometheusType } from './prometheus-text.ts';

const mostConnections = 16;
const bounds = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
} as const;
/** How often it tries again to have its address. */
const tryAgainMs = 5_000;

export interface ScrapeParts {
  /** The text of all numbers now. */
  readonly collect: () => Promise<string>;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
}

export class ScrapeServer {
  readonly #parts: ScrapeParts;
  readonly #address: Endpoint;
  readonly #server: Server;
  readonly #listening = Promise.withResolvers<Endpoint>();
  #timer: NodeJS.Timeout | undefined;
  #collecting: Promise<string> | undefined;

  constructor(address: Endpoint, parts: ScrapeParts) {
    this.#address = address;
    this.#parts = parts;
    this.#server = createServer(bounds, (request, response) => {
      void this.#answer(request, response);
    });
    this.#server.maxConnections = mostConnections;
    this.#server.on('listening', () => this.#opened());
    this.#server.on('error', (error) => this.#failed(error));
    this.#listen();
  }

  /** Resolves with the address when it listens: its port is another one where the configuration says 0. */
  get listening(): Promise<Endpoint> {
    return this.#listening.promise;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#parts.troubles.clear('statistics');
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #listen(): void {
    const { host, port } = this.#address;
    this.#server.listen({ host, port });
  }

  #opened(): void {
    const bound = this.#server.address();
    const port = bound === null || typeof bound === 'string' ? this.#address.port : bound.port;
    this.#listening.resolve({ host: this.#address.host, port });
    this.#parts.troubles.clear('statistics');
  }

  #failed({ message }: Error): void {
    // Of a single connection, such as one for which there was no descriptor.
    if (this.#server.listening) return;
    this.#parts.troubles.raise(
      'statistics',
      'warning',
      `Prometheus gets no numbers: ${formatEndpoint(this.#address)} cannot be listened on: ${message}.`,
      'Stop the program that has it, or correct prometheus in [statistics] and reload; it is tried again every five seconds.',
    );
    this.#timer = setTimeout(() => this.#listen(), tryAgainMs);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method } = request;
    const [path] = (request.url ?? '').split('?');
    if (method !== 'GET' && method !== 'HEAD') return end(response, 405, 'Only GET and HEAD.\n');
    if (path !== '/metrics') return end(response, 404, 'The numbers are at /metrics.\n');
    try {
      end(response, 200, await this.#collect(), prometheusType);
    } catch (error) {
      end(response, 503, `${error instanceof Error ? error.message : String(error)}\n`);
    }
  }

  async #collect(): Promise<string> {
    this.#collecting ??= this.#parts.collect();
    try {
      return await this.#collecting;
    } finally {
      this.#collecting = undefined;
    }
  }
}

function end(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    ...(status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(text);
}
