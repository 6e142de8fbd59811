// What `sluice suspend`, `resume` and `limit` share: targets and options from the command line, and overrides as a table.

import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '../values/duration.ts';
import { replaceUnprintableRuns } from '../values/unprintable.ts';
import { ValueError } from '../values/value-error.ts';
import type { OverrideChange, OverrideEnd, OverrideEndAnswer } from '../control/operations/overrides.ts';
import { formatQuantities, longestUser, type Override, parseQuantities } from '../control/override.ts';
import { formatTarget, parseTarget } from '../control/override-target.ts';
import type { LimitQuantities } from '../schedule/limits/types.ts';
import { configOption, readPlaces } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { age, table } from './text-table.ts';
import { ask } from './until-reachable.ts';

export interface OverrideOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly for?: number;
  readonly reason?: string;
}

/** What TARGET may be, for the help. */
export const targetHelp =
  'domain:example.com (or just example.com), domain:*.example.com, site:example.com, mx:*.example.net, ip:192.0.2.0/24, source:192.0.2.1, tenant:NAME, or all';

export function withEndOptions(command: Command): Command {
  return command
    .option('--for <time>', 'end after this time, e.g. 2h (default: no end)', positiveDuration)
    .option('--reason <text>', 'the reason, shown wherever mail waits because of this');
}

export function withCommonOptions(command: Command): Command {
  return command.addOption(configOption()).option('--json', 'print JSON for programs');
}

/** A time span on the command line, in milliseconds. @throws {InvalidArgumentError} */
export function positiveDuration(text: string): number {
  try {
    const ms = parseDuration(text);
    if (ms > 0) return ms;
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  throw new InvalidArgumentError('It must be more than 0.');
}

/** @throws {CommandError} `TARGET_INVALID` */
export function targetsOf(texts: readonly string[]): string[] {
  return texts.map((text) => readArgument('TARGET_INVALID', () => formatTarget(parseTarget(text))));
}

/** @throws {CommandError} `LIMIT_INVALID` */
export function quantitiesOf(texts: readonly string[]): LimitQuantities {
  return readArgument('LIMIT_INVALID', () => parseQuantities(texts));
}

function readArgument<T>(code: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new CommandError(
      exitCodes.usage,
      code,
      `${error.message}.`,
      '"sluice suspend --help" and "sluice limit set --help" list what can be written.',
    );
  }
}

export async function setOverrides(
  options: OverrideOptions,
  change: Pick<OverrideChange, 'kind' | 'targets' | 'quantities'>,
): Promise<readonly Override[]> {
  const config = readPlaces(options.config);
  return ask(config, {
    operation: 'override.set',
    ...change,
    ...(options.for !== undefined && { forMs: options.for }),
    reason: oneLine(options.reason ?? ''),
    by: operatorName(),
  });
}

export async function unsetOverrides(options: OverrideOptions, end: OverrideEnd): Promise<OverrideEndAnswer> {
  const config = readPlaces(options.config);
  return ask(config, { operation: 'override.unset', ...end });
}

export async function listOverrides(options: OverrideOptions): Promise<readonly Override[]> {
  const config = readPlaces(options.config);
  return ask(config, { operation: 'override.list' });
}

function oneLine(text: string): string {
  return replaceUnprintableRuns(text, ' ').trim();
}

/** The user who runs the command; under sudo, the user who called sudo. */
export function operatorName(): string {
  const { SUDO_USER: sudoUser } = process.env;
  if (sudoUser !== undefined && /^[\w.-]{1,64}$/.test(sudoUser)) return sudoUser;
  try {
    return oneLine(userInfo().username).slice(0, longestUser);
  } catch {
    return ''; // the user id has no name
  }
}

/** A target as people read it: a site is shown by its hosts. */
export function targetText({ target, label }: Pick<Override, 'target' | 'label'>): string {
  return label === '' ? target : `site:${label}`;
}

/** `until 2026-11-22T19:43:09.792Z (2h)`, or `until it is taken back`. */
export function endText({ untilMs }: Pick<Override, 'untilMs'>, nowMs: number): string {
  return untilMs === undefined
    ? 'until it is taken back'
    : `until ${new Date(untilMs).toISOString()} (${age(untilMs - nowMs)})`;
}

/** A table with one row for each override. */
export function overridesTable(overrides: readonly Override[], nowMs: number): string {
  return table(
    ['TARGET', 'LIMIT', 'SINCE', 'ENDS', 'BY', 'REASON'],
    overrides.map((each) => [
      targetText(each),
      each.kind === 'suspend' ? 'suspended' : formatQuantities(each.quantities).join(' '),
      age(nowMs - each.setAtMs),
      each.untilMs === undefined ? 'never' : `in ${age(each.untilMs - nowMs)}`,
      each.by,
      each.reason,
    ]),
  );
}
