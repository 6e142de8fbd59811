// Watches whether messages can be stored. While they cannot, this process reports a trouble, until a client's message or our own
// probe is stored. The log gets one line a minute, however many messages are refused.

import type { Logger } from '../log/logger.ts';
import { unwritableNotice } from '../spool/probe.ts';
import { SpoolError, systemErrorText } from '../spool/spool-error.ts';
import type { Troubles } from '../stats/troubles.ts';

const lineEveryMs = 60_000;
/** The time between probes of a spool that could not be written. */
const probeEveryMs = 5_000;

export interface StoreWatchParts {
  /** The spool's folder, for messages. */
  readonly directory: string;
  /** The name of the queue whose store it is; undefined for the default one. */
  readonly queue?: string | undefined;
  readonly log: Pick<Logger, 'error' | 'info'>;
  readonly troubles: Troubles;
  /** Writes to the spool as for a message; rejects when that fails. */
  readonly probe: () => Promise<void>;
  /** Monotonic, in ms. */
  readonly nowMs?: () => number;
}

export class StoreWatch {
  readonly #parts: StoreWatchParts;
  readonly #nowMs: () => number;
  #isFailing = false;
  #isStopped = false;
  /** The failure that was logged last, and when. */
  #loggedFailure = '';
  #loggedAtMs = -Infinity;
  /** Failures since then that were not logged. */
  #unloggedCount = 0;
  /** Was the present failure logged? Then its end is logged, too. */
  #isFailureLogged = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: StoreWatchParts) {
    this.#parts = parts;
    this.#nowMs = parts.nowMs ?? (() => performance.now());
  }

  /** A message is stored. */
  stored(): void {
    if (this.#isFailing) this.#recovered();
  }

  /** A message could not be stored. */
  failed(queueId: string, error: unknown): void {
    const isOfDisk =
      error instanceof SpoolError && (error.code === 'SPOOL_FULL' || error.code === 'SPOOL_WRITE_FAILED');
    if (!isOfDisk) {
      this.#parts.log.error(refusalText(queueId, error)); // it concerns this message only
      return;
    }
    this.#logFailure(queueId, error);
    // Without a cause, nothing was written, to keep the reserve of the disk free. That trouble is reported elsewhere.
    if (error.cause === undefined || this.#isStopped) return;
    const { text, advice } = unwritableNotice(this.#parts.directory, error);
    this.#parts.troubles.raise(this.#trouble, 'critical', text, advice);
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#probeLater();
  }

  get #trouble(): 'disk:write' | `disk:write:${string}` {
    const { queue } = this.#parts;
    return queue === undefined ? 'disk:write' : `disk:write:${queue}`;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Ends the probes, and the trouble: whoever ends the use of a store says why by itself. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    if (this.#isFailing) this.#parts.troubles.clear(this.#trouble);
  }

  #logFailure(queueId: string, error: SpoolError): void {
    const nowMs = this.#nowMs();
    const failure = `${error.code} ${systemErrorText(error)}`;
    if (failure === this.#loggedFailure && nowMs < this.#loggedAtMs + lineEveryMs) {
      this.#unloggedCount++;
      return;
    }
    const more =
      this.#unloggedCount === 0 ? '' : ` (and ${this.#unloggedCount} more since the last such line)`;
    this.#parts.log.error(`${refusalText(queueId, error)}${more}`);
    this.#loggedFailure = failure;
    this.#loggedAtMs = nowMs;
    this.#unloggedCount = 0;
    this.#isFailureLogged = true;
  }

  #recovered(): void {
    this.#isFailing = false;
    clearTimeout(this.#timer);
    this.#parts.troubles.clear(this.#trouble);
    if (!this.#isFailureLogged) return; // it came less than a minute after the same one
    this.#isFailureLogged = false;
    const more =
      this.#unloggedCount === 0
        ? ''
        : ` (messages not accepted since the last line about it: ${this.#unloggedCount})`;
    const { log, queue } = this.#parts;
    log.info(`the spool${queue === undefined ? '' : ` of queue ${queue}`} can be written again${more}`);
    this.#unloggedCount = 0;
  }

  #probeLater(): void {
    this.#timer = setTimeout(() => void this.#probe(), probeEveryMs).unref();
  }

  async #probe(): Promise<void> {
    try {
      await this.#parts.probe();
    } catch {
      if (this.#isFailing && !this.#isStopped) this.#probeLater();
      return;
    }
    if (!this.#isStopped) this.stored();
  }
}

function refusalText(queueId: string, error: unknown): string {
  return `message ${queueId} was not accepted: ${error instanceof Error ? error.message : String(error)}`;
}
