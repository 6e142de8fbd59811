// Asks for a new password: on a terminal, twice and without showing it; else from the first line of standard input. It is never an argument, which
// every user of this host could read in the list of processes.

import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandError, exitCodes } from './exit-codes.ts';

/** @param owner - whose password it is, for people */
export async function askPassword(owner: string): Promise<string> {
  return process.stdin.isTTY ? askTwice(owner) : firstLine();
}

/** From the first question to the end of the second answer the terminal does not echo, and what `readline` would show goes nowhere. */
async function askTwice(owner: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  try {
    const typed = lines[Symbol.asyncIterator]();
    const first = await answerTo(`New password of ${owner}: `, typed);
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
    'Write it to standard input on one line, call the command on a terminal, or add --generate.',
  );
}
