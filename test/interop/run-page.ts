// Runs a page of the docs word for word in a network of its own: writes its files, runs its commands, and compares what they print with what the
// page says that they print.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ground } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { fencesOf, pages } from '../docs/pages.ts';

export function withoutNetwork(): string | false {
  const { status } = spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
  return status !== 0 && 'a network of its own needs root, unshare and ip';
}

export interface PageRun {
  /** Such as `docs/submission.md`. */
  readonly file: string;
  /** The heading of the part that is run; all of the page when not given. */
  readonly part?: string;
  /** The files that blocks of these languages are written to, by their text where there are several. */
  readonly files: Readonly<Record<string, string | ((text: string) => string)>>;
  /** What each command gets on its standard input. */
  readonly input?: string;
}

const marker = '@@@';
/** Ends the server that the page has started, however the script ends. */
const prologue = `ip link set lo up
trap 'kill $! 2>/dev/null; wait' EXIT
`;
/** It says so when it listens; its status can be asked for before that. */
const started = `until grep -q 'is running as' serve.log; do kill -0 $! || { cat serve.log; exit 1; }; done
`;

/** In the folder of the ground. */
export async function runPage(ground: Ground, { file, part, files, input = '' }: PageRun): Promise<void> {
  const page = pages.find((each) => each.file === file);
  assert.ok(page !== undefined);
  const sluice = join(ground.folder('bin'), 'sluice');
  writeFileSync(sluice, `#!/bin/sh\nexec "${process.execPath}" "${sluiceBin}" "$@"\n`);
  chmodSync(sluice, 0o755);
  let script = prologue;
  const expected: string[][] = [];
  for (const { language, text } of fencesOf({ ...page, text: partOf(page.text, part) })) {
    const named = files[language];
    const name = typeof named === 'function' ? named(text) : named;
    if (name !== undefined) script += `cat > ${name} <<'${marker}'\n${text}${marker}\n`;
    if (language === 'text') expected.at(-1)?.push(...text.trim().split('\n'));
    if (language !== 'sh') continue;
    expected.push([]);
    script += `echo ${marker}\n`;
    for (const command of text.trim().split('\n')) {
      script += command.endsWith('&')
        ? `${command.slice(0, -1)} > serve.log 2>&1 < /dev/null &\n${started}`
        : `echo '${input}' | ${command} 2>&1\n`;
    }
  }
  assert.ok(expected.length > 0, `${file} has no commands`);
  const output = await ground.run('unshare', ['-n', 'bash', '-c', script], {
    env: { ...process.env, PATH: `${join(ground.directory, 'bin')}:${process.env['PATH']}` },
  });
  const printed = output.split(`${marker}\n`).slice(1);
  assert.equal(printed.length, expected.length, output);
  for (const [index, lines] of expected.entries()) comparePrinted(printed[index] ?? '', lines);
}

/** Each line comes after the one before it: four refusals are four. */
function comparePrinted(printed: string, lines: readonly string[]): void {
  let rest = printed;
  for (const line of lines) {
    const at = rest.indexOf(line);
    assert.notEqual(at, -1, `"${line}" is not printed after what comes before it:\n${printed}`);
    rest = rest.slice(at + line.length);
  }
}

/** From a heading of the second level to the next one. */
function partOf(text: string, heading: string | undefined): string {
  if (heading === undefined) return text;
  const parts = text.split(/^(?=## )/mu);
  const found = parts.find((each) => each.startsWith(`## ${heading}\n`));
  assert.ok(found !== undefined, `there is no part "${heading}"`);
  return found;
}
