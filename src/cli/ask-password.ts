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
  return process.stdin.isTTY ? askOnTerminal(owner, times) : firstLine();
}

/** From the first question to the end of the second answer the terminal does not echo, and what `readline` would show goes nowhere. */
async function askOnTerminal(owner: string, times: 'once' | 'twice'): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  try {
    const typed = lines[Symbol.asyncIterator]();
    const isNew = times === 'twice';
    const first = await answerTo(`${isNew ? 'New password' : 'Password'} of ${owner}: `, typed);
    if (!isNew) return first;
    const second = await answerTo('The same again: ', typed);
    if (first === second) return first;
  } finally {
    lines.close();
  }
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

async function firstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line;
  } finally {
    lines.close();
  }
  throw new CommandError(
    exitCodes.usage,
    'PASSWORD_INPUT',
    'There is no password on standard input.',
    'Write it to standard input on one line, or call the command on a terminal.',
  );
}
