// The value of an alias: the addresses that it stands for, and what only a local delivery understands. Promise: what is not understood is an error,
// and never passed over, since it may be whom the mail is for.

import { normalizeDomain } from '../../address/domain.ts';
import { parsePath } from '../../address/path.ts';

export type AliasTarget =
  | {
      readonly kind: 'address';
      readonly localPart: string;
      readonly domain: string;
      readonly isFinal: boolean;
    }
  /** A program, a file, or a list in a file: they are for the delivery, and are not looked at here. */
  | { readonly kind: 'delivery'; readonly text: string };

/** What the alias was asked for: targets without a domain, or without a name, are completed by it. */
interface Completion {
  readonly localPart: string;
  readonly domain: string;
}

/**
 * Reads `joe, jane@example.net, "|/usr/bin/vacation joe"`.
 * @throws {Error} with a clause
 */
export function aliasTargets(value: string, asked: Completion): readonly AliasTarget[] {
  return piecesOf(value).map((piece) => targetOf(piece, asked));
}

/** Splits at commas outside of quotation marks and angle brackets. */
function piecesOf(value: string): readonly string[] {
  const pieces: string[] = [];
  let piece = '';
  let isQuoted = false;
  for (let at = 0; at < value.length; at++) {
    const character = value[at] as string;
    if (character === '\\' && at + 1 < value.length) piece += character + (value[++at] as string);
    else if (character === ',' && !isQuoted) {
      pieces.push(piece);
      piece = '';
    } else {
      if (character === '"') isQuoted = !isQuoted;
      piece += character;
    }
  }
  if (isQuoted) throw new Error('a quotation mark has no counterpart');
  pieces.push(piece);
  return pieces.map((each) => each.trim()).filter((each) => each !== '');
}

function targetOf(piece: string, asked: Completion): AliasTarget {
  const bare = withoutQuotes(piece);
  if (/^(?:\||\/|\.\/|:include:|:blackhole:)/.test(bare)) return { kind: 'delivery', text: bare };
  // sendmail's form of a mailbox that is no alias any more.
  const isFinal = piece.startsWith('\\');
  const text = isFinal ? piece.slice(1) : piece;
  const [, inside = text.replace(/^&/, '')] = /<([^<>]*)>$/.exec(text) ?? [];
  if (inside.startsWith('@')) return addressOf(`${asked.localPart}${inside}`, asked, isFinal);
  return addressOf(inside, asked, isFinal);
}

function addressOf(text: string, { domain: defaultDomain }: Completion, isFinal: boolean): AliasTarget {
  const path = parsePath(`<${text}>`, { allowUtf8: true, defaultDomain });
  if (path.kind !== 'mailbox' || path.end !== text.length + 2)
    throw new Error(`${JSON.stringify(text)} is no address; several are separated by commas`);
  const domain = normalizeDomain(path.domain) ?? path.domain;
  return { kind: 'address', localPart: path.localPart, domain, isFinal };
}

/** A command or path with blanks or commas in it is in quotation marks, as a whole. */
function withoutQuotes(piece: string): string {
  return piece.length > 1 && piece.startsWith('"') && piece.endsWith('"')
    ? piece.slice(1, -1).replaceAll(/\\(.)/gsu, '$1')
    : piece;
}
