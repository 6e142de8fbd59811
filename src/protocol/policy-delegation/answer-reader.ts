// Reads the answer of a policy server: lines of name=value up to an empty line, of which `action` counts. Promises: what is kept of an answer is
// bounded, and bytes are understood alike however they were cut.

import { LineReader } from '../../values/line-reader.ts';

export type PolicyAnswer =
  /** The actions, in the order of their lines. */
  | { readonly kind: 'answer'; readonly actions: readonly string[] }
  /** @param why - a clause: `it sent ...` */
  | { readonly kind: 'broken'; readonly why: string };

const mostLineBytes = 8192;
const mostLines = 100;

export class PolicyAnswerReader {
  readonly #lines = new LineReader(mostLineBytes);
  #actions: string[] = [];
  #lineCount = 0;

  /** Has an answer begun, and not ended? */
  get isAmid(): boolean {
    return this.#lineCount > 0 || this.#lines.length > 0;
  }

  /**
   * Takes the next bytes.
   * @returns undefined when more are needed
   */
  add(bytes: Buffer): PolicyAnswer | undefined {
    // One character for each byte, so that a character of several bytes may be cut.
    const lines = this.#lines.add(bytes.toString('latin1'));
    for (const [at, raw] of lines.entries()) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line === '') {
        const isMore = at < lines.length - 1 || this.#lines.length > 0;
        return isMore ? broken('it sent more than one answer to one question') : this.#answer();
      }
      const why = this.#take(line);
      if (why !== undefined) return broken(why);
    }
    return this.#lines.isTooLong ? broken(lineTooLong) : undefined;
  }

  /** @returns what is wrong with the line */
  #take(line: string): string | undefined {
    if (line.length > mostLineBytes) return lineTooLong;
    if (++this.#lineCount > mostLines) return `it sent more than ${mostLines} lines in one answer`;
    const equals = line.indexOf('=');
    if (equals <= 0) return `it sent a line that is no name=value: ${JSON.stringify(line.slice(0, 100))}`;
    // Other attributes are for later versions of the protocol.
    if (line.slice(0, equals) !== 'action') return undefined;
    this.#actions.push(Buffer.from(line.slice(equals + 1), 'latin1').toString('utf8'));
    return undefined;
  }

  #answer(): PolicyAnswer {
    const actions = this.#actions;
    this.#actions = [];
    this.#lineCount = 0;
    return actions.length === 0 ? broken('it sent an answer without an action') : { kind: 'answer', actions };
  }
}

const lineTooLong = `it sent a line of more than ${mostLineBytes} bytes`;

function broken(why: string): PolicyAnswer {
  return { kind: 'broken', why };
}
