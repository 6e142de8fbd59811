// A program of its own: loads a plugin and sets it up, writes what came of it to descriptor 3, and ends. It is confined: see `confined`.

import { readFileSync, writeSync } from 'node:fs';

import { loadPlugin, pointsOf, setUpPlugin } from '../load-plugin.ts';
import { mistakeText } from '../mistake-text.ts';
import { PluginOptionsError } from '../options.ts';
import { trialContext } from './trial-context.ts';
import type { Trial, TriedPlugin } from './trial-types.ts';

const answers = 3;
/** An error is looked into so deep. */
const mostCauses = 10;
/** Codes of Node, in messages, too: https://nodejs.org/api/errors.html. */
const denial = /ERR_(?:ACCESS_DENIED|DLOPEN_DISABLED)/;

interface Task extends TriedPlugin {
  readonly folder: string;
  /** How long it may wait. */
  readonly waitMs: number;
  /** One that waits for longer cannot be used. */
  readonly isEnough: boolean;
}

const { folder, waitMs, isEnough, ...tried } = JSON.parse(readFileSync(0, 'utf8')) as Task;
const missed = new Set<string>();
// What nobody catches ends the thread of a plugin in a server.
process.on('uncaughtException', (error) => answer(failed(error)));
setTimeout(() => {
  const reason = `its setup did not end within ${Math.round(waitMs / 1000)} s`;
  answer(isEnough ? failed(new Error(reason)) : { kind: 'unknown', reason });
}, waitMs).unref();
answer(await trial());

async function trial(): Promise<Trial> {
  try {
    const plugin = await loadPlugin(tried.file);
    const points = await setUpPlugin(
      plugin,
      trialContext(tried, folder, (what) => missed.add(what)),
    );
    return { kind: 'usable', points: pointsOf(points) };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): Trial {
  const reason = mistakeText(error);
  const causes = causesOf(error);
  const ofOptions = causes.find((each) => each instanceof PluginOptionsError);
  if (ofOptions !== undefined) return { kind: 'unusable', reason, option: ofOptions.option };
  if (causes.some((each) => codeOf(each) === 'EACCES'))
    return { kind: 'unknown', reason: `${reason}; another user may be allowed to` };
  if (causes.some(isDenied)) missed.add('network and programs');
  if (missed.size === 0) return { kind: 'unusable', reason };
  return {
    kind: 'unknown',
    reason: `${reason}; its setup asks for what a trial has not (${[...missed].join(', ')})`,
  };
}

function answer(trial: Trial): never {
  writeSync(answers, JSON.stringify(trial));
  // oxlint-disable-next-line no-process-exit -- timers and sockets of the plugin would keep the process
  process.exit(0);
}

/** The error with what has caused it. */
function causesOf(error: unknown): readonly unknown[] {
  const all: unknown[] = [error];
  for (let at = 0; at < all.length && at < mostCauses; at++) {
    const each = all[at];
    if (!(each instanceof Error)) continue;
    if (each.cause !== undefined) all.push(each.cause);
    if (each instanceof AggregateError) all.push(...each.errors);
  }
  return all;
}

/** What a server would be allowed. */
function isDenied(error: unknown): boolean {
  return error instanceof Error && denial.test(`${String(codeOf(error))} ${error.message}`);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? (error as { readonly code?: unknown }).code : undefined;
}
