// The options `--quota` and `--quota-messages` of `sluice user` and `sluice domain`.

import type { QuotaLimits } from '../values/shared-quotas.ts';
import { formatSize, parseSize } from '../values/size.ts';
import { ValueError } from '../values/value-error.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

/** @returns bytes; 0 for no limit, which needs no unit. @throws {CommandError} when it is no size */
export function quotaOf(text: string): number {
  if (text === '0') return 0;
  try {
    return parseSize(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new CommandError(exitCodes.usage, 'DIRECTORY_RECORD', `--quota: ${error.message}.`);
  }
}

/** @returns a number of messages; 0 for no limit. @throws {CommandError} when it is none */
export function messagesOf(text: string): number {
  if (/^\d{1,12}$/u.test(text)) return Number(text);
  const problem = `--quota-messages: ${JSON.stringify(text)} is no number of messages, such as 100000.`;
  throw new CommandError(exitCodes.usage, 'DIRECTORY_RECORD', problem);
}

/** For people; 0 is no limit. */
export function quotaText({ bytes, messages }: QuotaLimits): string {
  const parts = [
    ...(bytes === undefined ? [] : [bytes === 0 ? 'any size' : formatSize(bytes)]),
    ...(messages === undefined ? [] : [messages === 0 ? 'any number of messages' : `${messages} messages`]),
  ];
  return parts.join(', ');
}
