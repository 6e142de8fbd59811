// Which messages of the table are held, and which were released. A message that was quarantined when it was accepted is held
// until it is released: so a release is remembered.

import { flagHeld, flagReleased, type MessageTable } from './message-table.ts';

export class HeldMessages {
  readonly #table: MessageTable;

  constructor(table: MessageTable) {
    this.#table = table;
  }

  setHeld(row: number, held: boolean): void {
    this.#set(row, held ? flagHeld : flagReleased);
  }

  /** Holds a message that was quarantined when it was accepted, unless it was released since. */
  holdQuarantined(row: number): void {
    if (!this.isReleased(row)) this.setHeld(row, true);
  }

  /** Forgets which messages were held or released, when the journal cannot be trusted. */
  forget(): void {
    for (let row = 0; row < this.#table.rows; row++) if (this.#table.isUsed(row)) this.#set(row, 0);
  }

  isHeld(row: number): boolean {
    return this.#has(row, flagHeld);
  }

  /** Was the message released, and not held again? */
  isReleased(row: number): boolean {
    return this.#has(row, flagReleased);
  }

  #set(row: number, flag: number): void {
    this.#table.flags[row] = ((this.#table.flags[row] ?? 0) & ~(flagHeld | flagReleased)) | flag;
  }

  #has(row: number, flag: number): boolean {
    return ((this.#table.flags[row] ?? 0) & flag) !== 0;
  }
}
