// Entries as they stand in a .forward file (aliases(5), forward(5) of Sendmail and Postfix) and behind the colon of an alias: separated by commas
// and line ends, with quotes around what has a comma, a blank or a `#` in it.

import { addressOf } from './address.ts';
import { type Fault, fault, type Instruction } from './types.ts';

/** The entries of a text, each as it is written, without comments and blanks around it. */
export function splitEntries(text: string): readonly string[] | Fault {
  const entries: string[] = [];
  let entry = '';
  /** Something else than blanks stands in the entry; a command has brackets of its own. */
  let begun: 'command' | 'other' | undefined;
  let isQuoted = false;
  let depth = 0;
  const end = (): void => {
    if (begun !== undefined) entries.push(entry.trim());
    entry = '';
    begun = undefined;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\' && at + 1 < text.length && (isQuoted || depth > 0)) {
      if (depth === 0) entry += text.slice(at, at + 2);
      at++;
    } else if (depth > 0) {
      depth += character === '(' ? 1 : character === ')' ? -1 : 0;
    } else if (isQuoted && character === '\n') {
      return fault('4.2.1', 'a quote is not closed on its line');
    } else if (isQuoted && character !== '"') {
      entry += character;
    } else if (character === '(' && begun !== 'command') {
      depth = 1;
    } else if (character === '\n' || character === ',') {
      end();
    } else if (character === '#' && begun === undefined) {
      const lineEnd = text.indexOf('\n', at);
      at = (lineEnd === -1 ? text.length : lineEnd) - 1;
    } else {
      if (character === '"') isQuoted = !isQuoted;
      if (begun === undefined && !/\s/.test(character))
        begun = /^"?\|/.test(text.slice(at, at + 2)) ? 'command' : 'other';
      entry += character;
    }
  }
  if (isQuoted) return fault('4.2.1', 'a quote is not closed');
  if (depth > 0) return fault('4.2.1', 'a comment in brackets is not closed');
  end();
  return entries;
}

/**
 * @param domain - of addresses without one
 * @param isOwn - is this address, as it is written, that of the user? Then it is the user's mailbox, not a way back to this file
 */
export function instructionOf(
  entry: string,
  domain: string,
  isOwn: (address: string) => boolean,
): Instruction | Fault {
  const plain = unquoted(entry);
  if (plain.startsWith('|')) {
    const command = unquoted(plain.slice(1).trim());
    return command === '' ? fault('4.2.1', 'an entry names no program') : { kind: 'program', command };
  }
  if (plain.startsWith('/')) return { kind: plain.endsWith('/') ? 'maildir' : 'mbox', path: plain };
  const [, included] = /^:include:\s*(.*)$/is.exec(plain) ?? [];
  if (included !== undefined) {
    const path = unquoted(included);
    return path.startsWith('/')
      ? { kind: 'include', path }
      : fault('4.2.1', 'what is included must be named by a path from / on');
  }
  const named = /<([^<>]*)>\s*$/.exec(entry)?.[1] ?? entry;
  const isUser = plain.startsWith('\\');
  const address = addressOf(isUser ? plain.slice(1) : named.trim(), domain);
  if (address === undefined) return fault('4.2.1', `"${entry.slice(0, 100)}" is no address`);
  return isOwn(address) ? { kind: 'own-mailbox' } : { kind: 'forward', address };
}

/** What stands in quotes, where the whole text does and it is no local part of an address. */
function unquoted(text: string): string {
  if (text.length < 2 || !/^"(?:[^"\\]|\\.)*"$/s.test(text)) return text;
  return text.slice(1, -1).replaceAll(/\\(["\\])/g, '$1');
}
