// Sends each log line to a syslog server as a UDP datagram (RFC 5426). Promises: nothing waits for the server; what waits to be sent
// is bounded; lines of which the system says that nobody took them are counted, and a line says how many.

import { createSocket, type Socket } from 'node:dgram';
import type { LineSink } from './line-writer.ts';
import type { LogTrouble } from './log-trouble.ts';
import type { Endpoint } from '../values/endpoint.ts';
import { isIP } from '../values/ip-version.ts';

/** Datagrams that the system has not taken yet. */
const maxUnderWay = 256;
/** Lines that wait for room among these, or for the socket. */
const maxWaiting = 4_096;
/** The server is there again when no error has come for this long: a datagram that nobody takes is sent like any other. */
const quietMs = 10_000;
const connectAgainMs = 1_000;
const closeMs = 2_000;

export class SyslogDatagrams implements LineSink {
  readonly #socket: Socket;
  readonly #droppedLine: (count: number) => string;
  readonly #trouble: LogTrouble;
  readonly #endpoint: Endpoint;
  #isConnected = false;
  #isClosed = false;
  readonly #waiting: string[] = [];
  #underWay = 0;
  #dropped = 0;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #flushes: (() => void)[] = [];

  /** @param droppedLine - the line that says how many were dropped */
  constructor({ host, port }: Endpoint, droppedLine: (count: number) => string, trouble: LogTrouble) {
    this.#droppedLine = droppedLine;
    this.#trouble = trouble;
    this.#socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
    this.#socket.unref();
    // The system reports that nobody has taken an earlier datagram (ICMP).
    this.#socket.on('error', (error) => {
      this.#failed(error);
      // At the start of a host there may be no way to the server yet.
      if (!this.#isConnected) setTimeout(() => this.#connect(), connectAgainMs).unref();
    });
    this.#socket.on('connect', () => {
      this.#isConnected = true;
      this.#sendMore();
    });
    this.#endpoint = { host, port };
    this.#connect();
  }

  #connect(): void {
    if (!this.#isClosed) this.#socket.connect(this.#endpoint.port, this.#endpoint.host);
  }

  write(line: string): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= maxWaiting) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#sendMore();
  }

  flush(): Promise<void> {
    if (this.#isIdle || !this.#isConnected) return Promise.resolve();
    return new Promise((resolve) => this.#flushes.push(resolve));
  }

  reopen(): void {
    // There is no file.
  }

  async close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, closeMs);
    await Promise.race([this.flush(), late.promise]);
    clearTimeout(timer);
    this.#isClosed = true;
    this.#socket.close();
  }

  get #isIdle(): boolean {
    return this.#underWay === 0 && this.#waiting.length === 0;
  }

  #sendMore(): void {
    if (!this.#isConnected || this.#isClosed) return;
    this.#tellDropped();
    while (this.#underWay < maxUnderWay) {
      const line = this.#waiting.shift();
      if (line === undefined) break;
      this.#send(line, true);
    }
    if (!this.#isIdle) return;
    for (const resolve of this.#flushes) resolve();
    this.#flushes = [];
  }

  #send(line: string, mayRepeat: boolean): void {
    this.#underWay++;
    const isEnded = line.endsWith('\n');
    this.#socket.send(isEnded ? line.slice(0, -1) : line, (error) => {
      this.#underWay--;
      if (error !== null) {
        this.#failed(error);
        // The error is that of an earlier datagram, and this one was not sent.
        if (mayRepeat && !this.#isClosed) this.#send(line, false);
      }
      this.#sendMore();
    });
  }

  #failed(error: Error): void {
    if (this.#isConnected) this.#dropped++;
    this.#failedAtMs = performance.now();
    const isRefused = 'code' in error && error.code === 'ECONNREFUSED';
    this.#trouble.raise(isRefused ? 'no server listens there' : error.message, true);
  }

  #tellDropped(): void {
    if (this.#dropped === 0 || performance.now() - this.#failedAtMs < quietMs) return;
    if (this.#waiting.length > maxWaiting / 2) return;
    this.#waiting.push(this.#droppedLine(this.#dropped));
    this.#dropped = 0;
    this.#trouble.clear();
  }
}
