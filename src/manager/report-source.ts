// Reads messages for reports. Promises: a damaged message is reported, too, as long as its envelope can be read.

import type { BounceSettings } from '../bounce/bounce-settings.ts';
import type { Logger } from '../log/logger.ts';
import type { Envelope } from '../message/envelope.ts';
import { isDamage } from '../spool/spool-error.ts';
import type { SpoolReader, StoredMessage, StoredRef } from '../spool/types.ts';

export interface ReportSourceParts {
  /** The settings in force. */
  readonly settings: () => BounceSettings;
  readonly reader: SpoolReader;
  readonly log: Pick<Logger, 'error'>;
}

/** A message that is reported about. */
export interface ReadMessage {
  readonly envelope: Envelope;
  readonly original: readonly Uint8Array[];
}

export class ReportSource {
  readonly #parts: ReportSourceParts;

  constructor(parts: ReportSourceParts) {
    this.#parts = parts;
  }

  /**
   * Reads the envelope, and as much of the message as may be returned; nothing of a damaged message. Undefined when the
   * envelope is lost, too.
   * @throws an error of the system, which says nothing about the message
   */
  async read(queueId: string, ref: StoredRef): Promise<ReadMessage | undefined> {
    try {
      const message = await this.#parts.reader.read(ref);
      return { envelope: message.envelope, original: await this.#original(message) };
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#parts.log.error(`message ${queueId} is reported about without its content: ${error.message}`);
    }
    try {
      return { envelope: await this.#parts.reader.readEnvelope(ref), original: [] };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#parts.log.error(
        `nobody hears that message ${queueId} failed: its envelope is lost, too: ${reason}`,
      );
      return undefined;
    }
  }

  /** As much of the message as a report may return. Of a longer message the report returns only the header. */
  async #original(message: StoredMessage): Promise<Uint8Array[]> {
    if (message.content !== undefined) return [message.content];
    const pieces: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const piece of message.stream()) {
      pieces.push(piece);
      sizeBytes += piece.length;
      if (sizeBytes > this.#parts.settings().maxOriginalBytes) break;
    }
    return pieces;
  }
}
