// Tells the service manager how Sluice is (sd_notify(3)): that it starts, is ready, reads its configuration again, stops, and lives.
// Without a service manager that wants to know, all of this does nothing.

import { MessageQueue, type SendMessage } from './message-queue.ts';
import type { ServiceEnvironment } from './service-environment.ts';
import { sendTo } from './ways.ts';

/** How often it is looked whether something is to be told. */
const lookEveryMs = 5_000;
/** How long a start may take from each look on: longer than several looks. */
const startStepMs = 30_000;
/** How long the last messages may take. */
const lastMs = 1_000;
/** A status is one line that a terminal can show. */
const mostStatusCharacters = 400;

/** What the service manager is told of a running instance. */
export interface ServiceState {
  /** One line for people: what Sluice does, or what is wrong. */
  readonly status: string;
  /** Every process answers, or is being replaced. */
  readonly isWell: boolean;
}

type Phase = 'starting' | 'running' | 'stopping';

export class ServiceNotifier {
  readonly #queue: MessageQueue | undefined;
  readonly #watchdogMs: number | undefined;
  #log: (problem: string) => void = () => undefined;
  #state: () => ServiceState = () => ({ status: '', isWell: true });
  #phase: Phase = 'starting';
  #lastStatus = '';
  #lastPingMs = 0;
  #lastExtensionMs = -Infinity;
  #hasFailed = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param send - where the messages go; undefined: nobody waits for any */
  constructor(
    environment: ServiceEnvironment,
    send: SendMessage | undefined = sendTo(environment, process.env),
  ) {
    if (send === undefined) return;
    const { watchdogMs } = environment;
    this.#queue = new MessageQueue(send, (error) => this.#failed(error));
    this.#watchdogMs = watchdogMs;
    const everyMs = Math.min(lookEveryMs, (watchdogMs ?? Infinity) / 4);
    this.#timer = setInterval(() => this.#look(everyMs), everyMs).unref();
    this.#look(everyMs);
  }

  /** Whom problems are told. */
  logTo(log: (problem: string) => void): void {
    this.#log = log;
  }

  /** Whom to ask from now on how Sluice is. */
  watch(state: () => ServiceState): void {
    this.#state = state;
  }

  /** All listeners listen, and the queue has been read from the spool. */
  ready(): void {
    if (this.#phase === 'stopping') return;
    this.#phase = 'running';
    this.#lastPingMs = performance.now();
    this.#post('READY=1', this.#statusLine(true));
  }

  /** The configuration is being read again; `ready` follows, also when it is refused. */
  reloading(): void {
    if (this.#phase !== 'running') return;
    // Of CLOCK_MONOTONIC, which systemd compares with the time of its own request.
    const monotonicUs = process.hrtime.bigint() / 1_000n;
    this.#post('RELOADING=1', `MONOTONIC_USEC=${monotonicUs}`, 'STATUS=Reading the configuration again');
    this.#lastStatus = '';
  }

  /** The reload is over. */
  reloaded(): void {
    if (this.#phase === 'running') this.ready();
  }

  /** @param mostMs - how long the stop may take: longer than what the unit says, when the configuration says so */
  stopping(mostMs: number): void {
    this.#phase = 'stopping';
    const extended = `EXTEND_TIMEOUT_USEC=${Math.ceil(mostMs * 1_000)}`;
    this.#post('STOPPING=1', extended, 'STATUS=Stopping: transactions in hand are finished');
  }

  /** Ends with the last messages. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#queue?.flush(lastMs);
  }

  #look(everyMs: number): void {
    const queue = this.#queue;
    if (queue === undefined || queue.isBusy) return;
    switch (this.#phase) {
      case 'starting':
        this.#post(this.#extension(), this.#statusLine(false));
        break;
      case 'running':
        this.#post(this.#ping(everyMs), this.#statusLine(false));
        break;
      case 'stopping': // has said how long it takes
        break;
      default:
        this.#phase satisfies never;
    }
  }

  /** More time for the start, which reads the queue from the spool; empty when that was asked for just now. */
  #extension(): string {
    const now = performance.now();
    if (now - this.#lastExtensionMs < lookEveryMs / 2) return '';
    this.#lastExtensionMs = now;
    return `EXTEND_TIMEOUT_USEC=${startStepMs * 1_000}`;
  }

  /** A sign of life when half of the time is over before the next look; empty otherwise. */
  #ping(everyMs: number): string {
    if (this.#watchdogMs === undefined || !this.#state().isWell) return '';
    const now = performance.now();
    if (now + everyMs - this.#lastPingMs < this.#watchdogMs / 2) return '';
    this.#lastPingMs = now;
    return 'WATCHDOG=1';
  }

  /** The status; empty when it was told already. */
  #statusLine(isAgain: boolean): string {
    const status = oneLine(this.#state().status);
    if (status === '' || (status === this.#lastStatus && !isAgain)) return '';
    this.#lastStatus = status;
    return `STATUS=${status}`;
  }

  #post(...lines: readonly string[]): void {
    const message = lines.filter((line) => line !== '').join('\n');
    if (message !== '') this.#queue?.post(message);
  }

  #failed({ message }: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#log(`the service manager cannot be told how Sluice is: ${message}`);
  }
}

/** No control characters: a line end would begin another assignment. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, mostStatusCharacters);
}
