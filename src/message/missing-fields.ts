// Adds fields that devices leave out: Date (RFC 5322 3.6) and Message-ID (3.6.4). Looks for them while the content arrives, and
// makes those that are missing (RFC 6409 8.2, 8.3).

import { formatDateTime } from './date-time.ts';
import { FieldScanner, nameBytes } from './field-scanner.ts';
import { messageId } from './message-id.ts';

const dateName = nameBytes('date');
const messageIdName = nameBytes('message-id');
const names = [dateName, messageIdName];

export class MissingFields extends FieldScanner {
  #hasDate = false;
  #hasMessageId = false;

  constructor() {
    super(names);
  }

  /** Whether no field is missing. */
  get none(): boolean {
    return this.#hasDate && this.#hasMessageId;
  }

  /**
   * The missing fields as header lines, as far as the content has been seen.
   *
   * @param hostname - stands in the Message-ID
   * @param nowMs - Unix time in milliseconds
   */
  lines(hostname: string, nowMs: number): string {
    const date = this.#hasDate ? '' : `Date: ${formatDateTime(nowMs)}\r\n`;
    return this.#hasMessageId ? date : `${date}Message-ID: ${messageId(hostname, nowMs)}\r\n`;
  }

  protected override fieldFound(name: Uint8Array): void {
    if (name === dateName) this.#hasDate = true;
    else this.#hasMessageId = true;
    if (this.none) this.complete = true;
  }

  protected override valueByte(): boolean {
    return false;
  }
}
