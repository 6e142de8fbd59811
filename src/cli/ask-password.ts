// Asks for a password: on a terminal, without showing it, and twice when it is new; else from the first line of standard input. It is never an argument, which
// every user of this host could read in the list of processes.

import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandError, exitCodes } from './exit-codes.ts';

/**
 * @param owner - whose password it is, for people
 * @param times - a new one is asked for twice
 */
export async function askPassword(owner: string, times: 'once' | 'twice' = 'twice'): Promise<string> {
  if (!process.stdin.isTTY) return (await firstLines(1))[0];
  return onTerminal((typed) =>
    times === 'twice' ? newPasswordOf(owner, typed) : answerTo(`Password of ${owner}: `, typed),
  );
}

/** The password until now, and the new one. */
export interface OldAndNew {
  /** Undefined: not asked for. */
  readonly current: string | undefined;
  readonly next: string;
}

/**
 * For a change: on a terminal the new one is asked for twice; else they are two lines of standard input.
 * @param needsCurrent - false: only the new one is asked for
 */
export async function askPasswords(owner: string, needsCurrent: boolean): Promise<OldAndNew> {
  if (process.stdin.isTTY)
    return onTerminal(async (typed) => ({
      current: needsCurrent ? await answerTo(`Password of ${owner} until now: `, typed) : undefined,
      next: await newPasswordOf(owner, typed),
    }));
  const [first, second] = await firstLines(needsCurrent ? 2 : 1);
  if (!needsCurrent) return { current: undefined, next: first };
  if (second !== undefined) return { current: first, next: second };
  throw new CommandError(
    exitCodes.usage,
    'PASSWORD_INPUT',
    'There is one line on standard input, and two are needed.',
    'Write the password until now on the first line and the new one on the second, or call the command on a terminal.',
  );
}

/** From the first question to the end of the last answer the terminal does not echo, and what `readline` would show goes nowhere. */
async function onTerminal<Result>(act: (typed: AsyncIterator<string>) => Promise<Result>): Promise<Result> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  try {
    return await act(lines[Symbol.asyncIterator]());
  } finally {
    lines.close();
  }
}

async function newPasswordOf(owner: string, typed: AsyncIterator<string>): Promise<string> {
  const first = await answerTo(`New password of ${owner}: `, typed);
  const second = await answerTo('The same again: ', typed);
  if (first === second) return first;
  throw new CommandError(
    exitCodes.usage,
    'PASSWORD_INPUT',
    'The two passwords are not the same.',
    'Try again. Nothing was changed.',
  );
}

async function answerTo(question: string, typed: AsyncIterator<string>): Promise<string> {
  process.stderr.write(question);
  const { done, value } = await typed.next();
  process.stderr.write('\n');
  // Ctrl-C or ctrl-D.
  if (done === true)
    throw new CommandError(
      exitCodes.cancelled,
      'PASSWORD_INPUT',
      'No password was given; nothing was changed.',
    );
  return value;
}

async function firstLines(most: number): Promise<[string, ...string[]]> {
  const input = createInterface({ input: process.stdin });
  const lines: string[] = [];
  try {
    for await (const line of input) if (lines.push(line) === most) break;
  } finally {
    input.close();
  }
  const [first, ...others] = lines;
  if (first !== undefined) return [first, ...others];
  throw new CommandError(
    exitCodes.usage,
    'PASSWORD_INPUT',
    'There is no password on standard input.',
    'Write it to standard input on one line, or call the command on a terminal.',
  );
}
