// The message that is delivered: a file without a name on standard input, with LF as line ends, which several readers read from its beginning.

import { randomUUID } from 'node:crypto';
import { closeSync, openSync, read, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const standardInput = 0;
const pieceBytes = 256 * 1024;
const readAt = promisify(read);

/** The message, without moving the place from which a program would read it. */
export async function* messagePieces(): AsyncGenerator<Buffer, void> {
  for (let at = 0; ;) {
    const { bytesRead, buffer } = await readAt(
      standardInput,
      Buffer.allocUnsafe(pieceBytes),
      0,
      pieceBytes,
      at,
    );
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

export async function* withFields(fields: string): AsyncGenerator<Buffer, void> {
  yield Buffer.from(fields);
  yield* messagePieces();
}

/** What programs read: each one a file from its beginning, in which it may go back and forth, as qmail-command(8) promises. */
export class ProgramInputs {
  readonly #fields: string;
  #isFirst = true;

  /** @param fields - in front of the message */
  constructor(fields: string) {
    this.#fields = fields;
  }

  /** A descriptor; the caller gives it back. @throws {Error} of the system */
  async open(): Promise<number> {
    const isStandard = this.#isFirst && this.#fields === '';
    this.#isFirst = false;
    if (isStandard) return standardInput;
    const path = join(tmpdir(), `sluice-local-${randomUUID()}`);
    const written = openSync(path, 'wx', 0o600);
    try {
      const copy = openSync(path, 'r');
      try {
        // Nothing of it is left, however this process ends.
        unlinkSync(path);
        for await (const piece of withFields(this.#fields)) writeAll(written, piece);
        return copy;
      } catch (error) {
        closeSync(copy);
        throw error;
      }
    } finally {
      closeSync(written);
    }
  }

  giveBack(descriptor: number): void {
    if (descriptor !== standardInput) closeSync(descriptor);
  }
}

function writeAll(file: number, piece: Uint8Array): void {
  for (let at = 0; at < piece.length;) at += writeSync(file, piece, at);
}
