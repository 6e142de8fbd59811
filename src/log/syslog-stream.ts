// Sends log lines to a syslog server over TCP, one message a line (RFC 6587 3.4.2). Promises: nothing waits for the server; while it
// cannot be reached, lines are kept up to a bound and connecting is tried again; lines dropped beyond the bound are counted, and a line says how many.

import { connect, type Socket } from 'node:net';
import type { LineSink } from './line-writer.ts';
import type { LogTrouble } from './log-trouble.ts';
import { PendingLines } from './pending-lines.ts';
import type { Endpoint } from '../values/endpoint.ts';

const pieceSize = 1 << 16;
const gatherMs = 20;
const firstRetryMs = 500;
const lastRetryMs = 30_000;
/** A server that takes nothing for this long is left, and connected to again. */
const stuckMs = 20_000;
const closeMs = 2_000;

export class SyslogStream implements LineSink {
  readonly #endpoint: Endpoint;
  readonly #lines: PendingLines;
  readonly #trouble: LogTrouble;
  #socket: Socket | undefined;
  #isConnected = false;
  #isClosed = false;
  #isFailing = false;
  /** Written, but not taken by the system yet: it is sent again over the next connection. */
  #piece: Buffer | undefined;
  #retryMs = firstRetryMs;
  #timer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #flushes: (() => void)[] = [];

  /** @param droppedLine - the line that says how many were dropped */
  constructor(endpoint: Endpoint, droppedLine: (count: number) => string, trouble: LogTrouble) {
    this.#endpoint = endpoint;
    this.#lines = new PendingLines(droppedLine);
    this.#trouble = trouble;
    this.#connect();
  }

  write(line: string): void {
    if (this.#isClosed) return;
    this.#lines.add(line, pieceSize);
    if (this.#isConnected && this.#piece === undefined)
      this.#timer ??= setTimeout(() => this.#writeNext(), gatherMs).unref();
  }

  flush(): Promise<void> {
    if ((this.#piece === undefined && this.#lines.isEmpty) || this.#isFailing) return Promise.resolve();
    const flushed = new Promise<void>((resolve) => this.#flushes.push(resolve));
    if (this.#isConnected && this.#piece === undefined) this.#writeNext();
    return flushed;
  }

  reopen(): void {
    // There is no file.
  }

  async close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, closeMs);
    this.#socket?.ref();
    await Promise.race([this.flush(), late.promise]);
    for (const each of [timer, this.#timer, this.#retryTimer]) clearTimeout(each);
    this.#isClosed = true;
    const lost = this.#lines.clear() + (this.#piece?.toString().split('\n').length ?? 1) - 1;
    // Standard error is the only place left.
    if (lost > 0)
      process.stderr.write(`sluice: ${lost} lines of the log could not be sent to syslog and are lost\n`);
    this.#socket?.destroySoon();
  }

  #connect(): void {
    const socket = connect(this.#endpoint);
    this.#socket = socket;
    socket.unref();
    socket.setKeepAlive(true, 30_000);
    socket.setTimeout(stuckMs, () => {
      if (this.#piece !== undefined || !this.#isConnected)
        socket.destroy(new Error(`it has taken nothing for ${stuckMs / 1000} s`));
    });
    let reason = 'the server has closed the connection';
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('connect', () => {
      this.#isConnected = true;
      this.#writeNext();
    });
    // A syslog server sends nothing; reading is what notices that it closes.
    socket.resume();
    socket.on('close', () => {
      this.#isConnected = false;
      if (!this.#isClosed) this.#failed(reason);
    });
  }

  #failed(reason: string): void {
    this.#isFailing = true;
    this.#trouble.raise(reason, this.#lines.isDropping);
    this.#resolveFlushes();
    this.#retryTimer = setTimeout(() => this.#connect(), this.#retryMs).unref();
    this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 2);
  }

  #writeNext(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isConnected || this.#isClosed) return;
    const piece = this.#piece ?? this.#lines.take(pieceSize);
    if (piece === undefined) {
      this.#well();
      this.#resolveFlushes();
      return;
    }
    this.#piece = piece;
    this.#socket?.write(piece, (error) => {
      if (error !== null && error !== undefined) return; // `close` follows
      this.#piece = undefined;
      this.#well();
      this.#writeNext();
    });
  }

  #well(): void {
    this.#isFailing = false;
    this.#retryMs = firstRetryMs;
    this.#trouble.clear();
  }

  #resolveFlushes(): void {
    for (const resolve of this.#flushes) resolve();
    this.#flushes = [];
  }
}
