// Whether accepted mail can be stored. While it cannot, that is a trouble of this process until something is stored again,
// by a client's message or by a probe of our own, and the log has one line a minute however many messages are refused.

import type { Logger } from '../log/logger.ts';
import { unwritableNotice } from '../spool/probe.ts';
import { SpoolError, systemErrorText } from '../spool/spool-error.ts';
import type { Troubles } from '../stats/troubles.ts';

const lineEveryMs = 60_000;
/** How often a spool that could not be written is tried without waiting for a message. */
const probeEveryMs = 5_000;

export interface StoreWatchParts {
  /** The spool's folder, for people. */
  readonly directory: string;
  readonly log: Pick<Logger, 'error' | 'info'>;
  readonly troubles: Troubles;
  /** Writes to the spool as a message would; rejects when that fails. */
  readonly probe: () => Promise<void>;
  /** Monotonic, in ms. */
  readonly nowMs?: () => number;
}

export class StoreWatch {
  readonly #parts: StoreWatchParts;
  readonly #nowMs: () => number;
  #isFailing = false;
  #isStopped = false;
  /** The failure that the log knows of, and when it was said last. */
  #saidWords = '';
  #saidAtMs = -Infinity;
  #unsaid = 0;
  #isSaid = false;
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
      this.#parts.log.error(refusal(queueId, error)); // of this message alone
      return;
    }
    this.#say(queueId, error);
    // Nothing was tried to be written: the reserve would be touched, which is told by who measures the disk.
    if (error.cause === undefined) return;
    const { text, advice } = unwritableNotice(this.#parts.directory, error);
    this.#parts.troubles.raise('disk:write', 'critical', text, advice);
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#probeLater();
  }

  /** Nothing is stored any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #say(queueId: string, error: SpoolError): void {
    const nowMs = this.#nowMs();
    const words = `${error.code} ${systemErrorText(error)}`;
    if (words === this.#saidWords && nowMs < this.#saidAtMs + lineEveryMs) {
      this.#unsaid++;
      return;
    }
    const more = this.#unsaid === 0 ? '' : ` (and ${this.#unsaid} more since the last such line)`;
    this.#parts.log.error(`${refusal(queueId, error)}${more}`);
    this.#saidWords = words;
    this.#saidAtMs = nowMs;
    this.#unsaid = 0;
    this.#isSaid = true;
  }

  #recovered(): void {
    this.#isFailing = false;
    clearTimeout(this.#timer);
    this.#parts.troubles.clear('disk:write');
    if (!this.#isSaid) return; // nor was the failure, less than a minute after the one before
    this.#isSaid = false;
    const more =
      this.#unsaid === 0 ? '' : ` (messages not accepted since the last line about it: ${this.#unsaid})`;
    this.#parts.log.info(`the spool can be written again${more}`);
    this.#unsaid = 0;
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

function refusal(queueId: string, error: unknown): string {
  return `message ${queueId} was not accepted: ${error instanceof Error ? error.message : String(error)}`;
}
