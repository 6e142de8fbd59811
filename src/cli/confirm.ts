// Asks a question on the terminal that is answered by yes or no. Whatever is not a yes is a no.

import { createInterface } from 'node:readline/promises';

/** Resolves to whether the answer is `y` or `yes`; an end of the input is a no. */
export async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    return /^y(?:es)?$/iu.test(answer.trim());
  } finally {
    lines.close();
  }
}
