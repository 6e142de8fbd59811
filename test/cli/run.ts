// Runs the program as a person does, and returns its output and exit code.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** The Node that runs it; by default the one of this process. */
  readonly node?: string;
  /** The file to run; by default bin/sluice.js. */
  readonly file?: string;
  /** Called with the text that the program has written to standard output so far, and with the process. */
  readonly written?: (stdout: string, child: ChildProcess) => void;
}

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `sluice` with a command line, without a configuration from the environment. */
export async function sluice(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = spawn(options.node ?? process.execPath, [options.file ?? sluiceBin, ...args], {
    cwd: options.cwd ?? '/',
    // NODE_COMPILE_CACHE stays: the code that one run has compiled is there for all others, of any test file.
    env: { ...process.env, SLUICE_CONFIG: '', NAME: '', ...options.env },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => {
    out.push(piece);
    options.written?.(Buffer.concat(out).toString(), child);
  });
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  // The program may end before it has read everything.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}
