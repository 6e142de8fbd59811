// Reads the commands of a session, one after the other. Promises: a command that needs all answers before it is held back until they
// are given.

import { type AuthResponse, judgeResponse, longestAuthLine } from './auth-commands.ts';
import { CommandLineReader } from './command-line-reader.ts';
import type { InputQueue } from './input-queue.ts';
import { type CommandVerdict, judgeLine } from './judge-command.ts';
import type { ReplyQueue } from './reply-queue.ts';
import type { SessionFacts } from './session-facts.ts';

/** In place of what a client sends to log in. */
const hidden = '********';
/** RFC 4954 4: what stands behind the mechanism may be a password. */
const initialResponse = /^(\s*AUTH\s+\S+\s+).+$/i;

export class CommandReader {
  readonly #input: InputQueue;
  readonly #output: ReplyQueue;
  readonly #facts: SessionFacts;
  readonly #lines: CommandLineReader;
  #heldBack: CommandVerdict | undefined;

  constructor(input: InputQueue, output: ReplyQueue, facts: SessionFacts) {
    this.#input = input;
    this.#output = output;
    this.#facts = facts;
    const { auth, maxCommandLineBytes } = facts.options;
    const most = auth === undefined ? maxCommandLineBytes : Math.max(maxCommandLineBytes, longestAuthLine);
    this.#lines = new CommandLineReader(most);
  }

  /** Does a command wait for answers? */
  get isHeldBack(): boolean {
    return this.#heldBack !== undefined;
  }

  /** What follows from the next command; undefined while it is not complete, or is held back. */
  next(): CommandVerdict | undefined {
    const command = this.#heldBack ?? this.#read();
    const isHeldBack = command !== undefined && this.#output.unanswered > 0 && needsAnswers(command);
    this.#heldBack = isHeldBack ? command : undefined;
    return isHeldBack ? undefined : command;
  }

  /** The response to a challenge of AUTH; undefined while it is not complete. */
  nextResponse(): AuthResponse | CommandVerdict | undefined {
    const verdict = this.#lines.read(this.#input);
    if (verdict === 'none') return undefined;
    this.#output.listener?.said(hidden);
    if (verdict === 'bare' || verdict === 'tls') return judgeLine(verdict, this.#lines, this.#facts);
    return judgeResponse(verdict, this.#lines);
  }

  #read(): CommandVerdict | undefined {
    const verdict = this.#lines.read(this.#input);
    if (verdict === 'none') return undefined;
    const { listener } = this.#output;
    if (listener !== undefined && verdict !== 'bare' && verdict !== 'tls')
      listener.said(this.#lines.text(0).replace(initialResponse, `$1${hidden}`));
    return judgeLine(verdict, this.#lines, this.#facts);
  }
}

/**
 * With STARTTLS and XCLIENT another session begins, and the answers before belong to this one. A client sends them as the last of a
 * group (RFC 2920 3.1, RFC 3207 4).
 */
function needsAnswers(command: CommandVerdict): boolean {
  return (
    'kind' in command &&
    (command.kind === 'starttls' || command.kind === 'auth' || command.kind === 'xclient')
  );
}
