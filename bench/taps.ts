// `npm run bench:taps`: the CPU time that ten thousand taps cost a message (its sender and three recipients), without and with a hit, and what it
// takes to read their file, with the longest time for which it holds up the process.

import { parseArgs } from 'node:util';
import { inSlices } from '../src/io/slices.ts';
import { loadExpressions } from '../src/policy/taps/address-expression.ts';
import { type TapRules, tapRulesOf } from '../src/policy/taps/tap-rules.ts';
import { median } from './median.ts';

const { values } = parseArgs({
  options: {
    taps: { type: 'string', default: '10000' },
    messages: { type: 'string', default: '5000' },
    repeats: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const [taps, messages, repeats] = [Number(values.taps), Number(values.messages), Number(values.repeats)];

/** CPU time of a message, in us. */
const budgetUs = 50;

const shapes: Readonly<Record<string, (at: number) => string>> = {
  addresses: (at) => `F:^user${at}@customer${at % 100}\\.example$:archive@archive.example`,
  domains: (at) => `A:@customer${at}\\.example$:archive@archive.example`,
  'expressions with classes and choices': (at) =>
    [
      `F:^user${at}@(mail|www)\\.big\\.example$:archive@archive.example`,
      `T:^[a-z.]+\\+tag${at}@:archive@archive.example`,
      `A:^dept-${at}[0-9]*@big\\.example$:archive@archive.example`,
      `T:@(.*\\.)?customer${at}\\.example$:archive@archive.example`,
    ][at % 4] ?? '',
};

interface Figure {
  readonly shape: string;
  readonly readMs: number;
  readonly longestMs: number;
  readonly usPerMessage: number;
  readonly usPerHit: number;
}

/** Reads the file as a receiver does, and watches how long others wait meanwhile. */
async function reading(text: string): Promise<readonly [TapRules, number, number]> {
  let longestMs = 0;
  let isOver = false;
  let lastMs = performance.now();
  const turn = (): void => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const before = process.cpuUsage();
  const rules = await inSlices(tapRulesOf(text));
  const { user, system } = process.cpuUsage(before);
  isOver = true;
  return [rules, (user + system) / 1000, longestMs];
}

function cpuUs(rules: TapRules, mail: readonly (readonly [string, readonly string[]])[]): number {
  const before = process.cpuUsage();
  for (const [sender, recipients] of mail) rules.find(sender, recipients);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / mail.length;
}

await loadExpressions();
const figures: Figure[] = [];
for (const [shape, lineOf] of Object.entries(shapes)) {
  const text = Array.from({ length: taps }, (_, at) => lineOf(at)).join('\n');
  const [rules, readMs, longestMs] = await reading(text);
  const others = Array.from({ length: messages }, (_, at) => {
    const recipients = [`a${at}@big.example`, `b${at}@far.example`, `user${at}@elsewhere.example`];
    return [`sender${at}@big.example`, recipients] as const;
  });
  // A hundred of them again and again: who is copied writes more than one message.
  const hits = Array.from({ length: messages }, (_, at) => {
    const who = (at % 100) * 4 + 3;
    return [`user${who}@customer${who % 100}.example`, [`x@customer${who}.example`]] as const;
  });
  cpuUs(rules, others);
  cpuUs(rules, hits);
  const runs = Array.from({ length: repeats }, () => [cpuUs(rules, others), cpuUs(rules, hits)] as const);
  figures.push({
    shape,
    readMs,
    longestMs,
    usPerMessage: median(runs.map(([other]) => other)),
    usPerHit: median(runs.map(([, hit]) => hit)),
  });
}

if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
else {
  process.stdout.write(
    `${taps} taps, us of CPU a message with a sender and recipients; budget ${budgetUs} us\n`,
  );
  for (const { shape, readMs, longestMs, usPerMessage, usPerHit } of figures) {
    process.stdout.write(
      `${shape}: ${usPerMessage.toFixed(1)} us without a hit, ${usPerHit.toFixed(1)} us with one; read in ${readMs.toFixed(0)} ms of CPU, at most ${longestMs.toFixed(0)} ms at a time\n`,
    );
  }
}
if (figures.some(({ usPerMessage, usPerHit }) => Math.max(usPerMessage, usPerHit) > budgetUs))
  process.exitCode = 1;
