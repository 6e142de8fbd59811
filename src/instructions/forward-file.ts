// A .forward file: entries, separated by commas and line ends.

import { instructionOf, splitEntries } from './entries.ts';
import type { Instruction, Instructions } from './types.ts';

/** The user whose file it is. */
export interface FileOwner {
  readonly user: string;
  /** Of the address that the mail has, and of addresses without one. */
  readonly domain: string;
}

/** In the order in which they are looked for: `.forward+lists` for joe+lists, else `.forward`. */
export function forwardNames(separator: string, extension: string): readonly string[] {
  return separator === '' ? ['.forward'] : [`.forward${separator}${extension}`, '.forward'];
}

/** A file without entries says nothing, so that mail is not lost in it. */
export function parseForwardFile(text: string, { user, domain }: FileOwner): Instructions {
  const entries = splitEntries(text);
  if ('kind' in entries) return entries;
  const own = `${user}@${domain}`.toLowerCase();
  const list: Instruction[] = [];
  for (const entry of entries) {
    const one = instructionOf(entry, domain, (address) => address.toLowerCase() === own);
    if (one.kind === 'fault') return one;
    list.push(one);
  }
  return list.length === 0 ? { kind: 'usual' } : { kind: 'list', list };
}
