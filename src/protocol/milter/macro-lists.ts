// The lists of macros that a milter asks for when it negotiates, in place of those that it would get.

import { isMacroName, type MacroLists, type MacroStage, macroStages } from '../../values/milter-macros.ts';
import { cString } from './packet-writer.ts';

/** Gives the value of a macro; undefined when it has none now. */
export type MacroSource = (name: string) => string | undefined;

/** A milter that asks for more at one command cannot mean it. */
const maxNames = 100;

/**
 * Reads the lists of a milter's answer: for each, the number of a stage and names, with a NUL at the end.
 * @param usual - the lists of stages that the milter does not speak of
 * @returns undefined when they are malformed. Names that no macro can have are left out
 */
export function readMacroLists(bytes: Buffer, usual: MacroLists): MacroLists | undefined {
  if (bytes.length === 0) return usual;
  const lists: Record<MacroStage, readonly string[]> = { ...usual };
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0, at + 4);
    if (end === -1) return undefined;
    const stage = macroStages[bytes.readUInt32BE(at)];
    const names = bytes
      .toString('latin1', at + 4, end)
      .split(/[ ,\t]+/)
      .filter(isMacroName);
    if (stage !== undefined) lists[stage] = names.slice(0, maxNames);
    at = end + 1;
  }
  return lists;
}

/** What tells the values of these macros: those that have one. */
export function macrosPayload(names: readonly string[], source: MacroSource): string {
  let payload = '';
  for (const name of names) {
    const value = source(name);
    if (value !== undefined) payload += cString(name) + cString(value);
  }
  return payload;
}
