// Shows a message to a filter line by line, and takes what it makes of it. Promises: a message is taken whole or not at all: a filter that is lost
// after it has begun to send one leaves a message in doubt.

import { fieldEditFault } from '../../message/editable-header.ts';
import { withLineEnds, withoutLastCrs } from '../../values/line-ends.ts';
import { leavingMessage } from '../leaving-message.ts';
import { MessageInDoubt } from '../message-in-doubt.ts';
import type { ContentFacts, Edit } from '../stage.ts';
import { type LineStream, mostLineBytes } from './filter-process.ts';
import type { FilterStory } from './filter-story.ts';
import { headerEdits } from './header-changes.ts';
import { RewrittenMessage } from './rewritten-message.ts';

/** Of the message, while it is written to the filter. */
const mostPending = mostLineBytes - 1024;

/** A line of the message is longer than a filter can be told. */
export class LineTooLong extends Error {}

export class FilterContent {
  readonly #facts: ContentFacts;
  readonly #story: FilterStory;
  readonly #signal: AbortSignal;
  readonly #message: RewrittenMessage;
  readonly #stream: LineStream;

  /** @param signal - ends it */
  constructor(story: FilterStory, facts: ContentFacts, signal: AbortSignal) {
    this.#facts = facts;
    this.#story = story;
    this.#signal = signal;
    this.#message = new RewrittenMessage(
      () => facts.newBody(),
      () => this.#stream.resume(),
    );
    this.#stream = story.process.open(story.session, this.#message);
  }

  /**
   * @returns what the filter has changed
   * @throws {LineTooLong}, {MessageInDoubt}, or {Error} with a clause about what went wrong
   */
  async show(): Promise<readonly Edit[]> {
    const giveUp = (): void => this.#message.failed(new Error('it was given up'));
    this.#signal.addEventListener('abort', giveUp);
    try {
      await Promise.race([this.#message.whenEnded, this.#tell().then(() => this.#message.whenEnded)]);
      return this.#edits();
    } catch (error) {
      this.#message.discard();
      this.#stream.close(this.#signal);
      throw this.#message.hasBegun && !(error instanceof LineTooLong) ? inDoubt(error) : error;
    } finally {
      this.#signal.removeEventListener('abort', giveUp);
    }
  }

  /** The message, with its dots doubled (RFC 5321 4.5.2), and a dot behind it. */
  async #tell(): Promise<void> {
    const { prefix } = this.#stream;
    let rest = '';
    for await (const piece of leavingMessage(this.#facts).read()) {
      if (this.#signal.aborted || this.#story.process.isGone) return;
      const lines = (
        rest + Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1')
      ).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > mostPending || lines.some((line) => line.length > mostPending))
        throw new LineTooLong();
      const text = lines.map((line) => toldLine(prefix, line)).join('');
      const read = text === '' ? undefined : this.#stream.write(text);
      if (read !== undefined) await read;
    }
    if (rest !== '') void this.#stream.write(toldLine(prefix, rest));
    void this.#stream.write(`${prefix}.\n`);
  }

  #edits(): readonly Edit[] {
    const { header, body } = this.#message;
    if (body === undefined) throw new Error('it has made no message');
    const { fields, strayLines } = this.#facts.header;
    const edits = headerEdits(fields, header);
    if (edits !== undefined && strayLines === '') {
      const fault = edits.map(fieldEditFault).find((each) => each !== undefined);
      if (fault !== undefined) throw new Error(fault);
      return [...edits, { kind: 'replace-body', body }];
    }
    // A header with lines that are no fields is left as it came, or nobody can say what it is.
    const before = leavingHeader(this.#facts);
    if (header.toString('latin1') !== before)
      throw new Error('it made a header with a line that is no field');
    return [{ kind: 'replace-body', body }];
  }
}

/** As the filter was shown it, up to the first empty line. */
function leavingHeader({ header: { fields, strayLines } }: Pick<ContentFacts, 'header'>): string {
  const text = fields.map(({ bytes }) => Buffer.from(bytes).toString('latin1')).join('') + strayLines;
  const lines = withLineEnds(text, '\r\n').split('\r\n');
  const end = lines.indexOf('');
  return lines
    .slice(0, end === -1 ? lines.length : end)
    .map((line) => `${line}\r\n`)
    .join('');
}

function toldLine(prefix: string, line: string): string {
  const plain = withoutLastCrs(line).replaceAll('\0', '');
  return plain.startsWith('.') ? `${prefix}.${plain}\n` : `${prefix}${plain}\n`;
}

function inDoubt(error: unknown): Error {
  return new MessageInDoubt(`${(error as Error).message}, amid the message that it was making`);
}
