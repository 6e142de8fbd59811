// Tries whether a plugin can be used: a process of its own, which is confined, loads it and sets it up. Promises: the trial ends within its time
// limit, touches nothing that the plugin has in a server, and leaves nothing behind.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import { confined } from './confined.ts';
import type { Trial, TriedPlugin } from './trial-types.ts';

/** An answer has some lines. */
const mostAnswerChars = 64 * 1024;
const mostErrorChars = 16 * 1024;

export interface TrialParts {
  readonly timeLimitMs: number;
  /** How long its setup may wait for something; less than the time limit, so that it can say for what. */
  readonly waitMs: number;
  /** A server would not give a setup much longer than that: one that does not end within it cannot be used. */
  readonly isEnough: boolean;
  /** Whom the code of the plugin runs as; undefined: the user of this process. */
  readonly identity: { readonly uid: number; readonly gid: number } | undefined;
  /** All variables of its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** @throws {Error} when no process can be started, or no folder be made for it */
export async function tryPlugin(plugin: TriedPlugin, parts: TrialParts): Promise<Trial> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'sluice-plugin-'));
  try {
    const { identity } = parts;
    if (identity !== undefined) await chown(folder, identity.uid, identity.gid);
    return await tried(plugin, folder, parts);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function tried(
  plugin: TriedPlugin,
  folder: string,
  { timeLimitMs, waitMs, isEnough, identity, environment }: TrialParts,
): Promise<Trial> {
  const child = spawn(process.execPath, confined('trial/trial-main', folder), {
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    cwd: folder,
    env: environment,
    ...identity,
  });
  const { 2: errors, 3: answers } = child.stdio;
  const said = textOf(answers as Readable, mostAnswerChars);
  const complained = textOf(errors as Readable, mostErrorChars);
  // It may end before it has read what it is told.
  child.stdin?.on('error', () => undefined).end(JSON.stringify({ ...plugin, folder, waitMs, isEnough }));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, timeLimitMs);
  try {
    await once(child, 'close');
  } finally {
    clearTimeout(timer);
  }
  const trial = trialIn(said());
  if (trial !== undefined) return trial;
  if (isLate)
    return {
      kind: isEnough ? 'unusable' : 'unknown',
      reason: `its setup did not end within ${Math.round(timeLimitMs / 1000)} s, and waited for nothing: its code runs without a pause`,
    };
  const first = complained()
    .split('\n')
    .find((line) => line.trim() !== '');
  return {
    kind: 'unknown',
    reason: `its setup ended the process of its trial, or waits for nothing${first === undefined ? '' : `: ${first}`}`,
  };
}

/** Collects what comes, up to a number of characters. */
function textOf(stream: Readable, most: number): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (piece: string) => {
    if (text.length < most) text += piece.slice(0, most - text.length);
  });
  return () => text;
}

/** The code of an author could write to the descriptor, too: what is no trial is none. */
function trialIn(text: string): Trial | undefined {
  try {
    const { kind, reason, option, points } = JSON.parse(text) as Partial<
      Record<'kind' | 'reason' | 'option' | 'points', unknown>
    >;
    if (kind === 'usable' && Array.isArray(points)) return { kind, points };
    if (typeof reason !== 'string') return undefined;
    if (kind === 'unknown') return { kind, reason };
    return kind === 'unusable'
      ? { kind, reason, option: typeof option === 'string' ? option : undefined }
      : undefined;
  } catch {
    return undefined;
  }
}
