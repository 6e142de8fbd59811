// The file control/recipients of s/qmail: which source knows the recipients of which domain. Sources are asked in the order of the lines.

import { parseMailbox, parseRecipientDomain } from '../../values/domain.ts';
import { tableKey } from '../../table/table-key.ts';

/** Which domains a line is about. */
export type ControlDomains =
  /** `*` */
  | { readonly kind: 'all' }
  /** `@example.com` */
  | { readonly kind: 'exact'; readonly domain: string }
  /** `example.com`: with all domains under it. */
  | { readonly kind: 'with-subdomains'; readonly domain: string }
  /** `.example.com`: the domains under it. */
  | { readonly kind: 'subdomains'; readonly domain: string };

/** What is asked, with its path or program as written. */
export type ControlAsked =
  | { readonly kind: 'cdb'; readonly path: string }
  | { readonly kind: 'program'; readonly command: readonly string[] };

export type ControlLine = { readonly number: number } & (
  | { readonly kind: 'source'; readonly domains: ControlDomains; readonly asked: ControlAsked }
  /** A cdb alone: for domains that no line before has named. */
  | { readonly kind: 'for-others'; readonly asked: ControlAsked }
  /** `!example.com`: it takes mail to any name. */
  | { readonly kind: 'open'; readonly domain: string }
  /** `!*`: so does every domain that no line before has named. */
  | { readonly kind: 'open-to-others' }
  /** An address alone, which exists. In the form of `tableKey`. */
  | { readonly kind: 'address'; readonly key: string; readonly domain: string }
);

/**
 * Reads the file.
 * @throws {Error} with a clause that names the line which nobody can understand: it may be the one that knows a recipient
 */
export function parseRecipientsControl(text: string): readonly ControlLine[] {
  const lines: ControlLine[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    try {
      lines.push({ number: index + 1, ...lineOf(line) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`line ${index + 1}: ${reason}`, { cause: error });
    }
  }
  return lines;
}

type Bare<Line> = Line extends unknown ? Omit<Line, 'number'> : never;

function lineOf(line: string): Bare<ControlLine> {
  if (/[\0-\x08\x0b-\x1f\x7f]/.test(line)) throw new Error('it has a control character');
  if (line === '!*') return { kind: 'open-to-others' };
  if (line.startsWith('!')) return { kind: 'open', domain: domainOf(line.slice(1)) };
  const at = line.search(/[:|]/);
  if (at > 0) {
    const asked = line[at] === ':' ? cdbOf(line.slice(at + 1)) : programOf(line.slice(at + 1));
    return { kind: 'source', domains: domainsOf(line.slice(0, at)), asked };
  }
  if (at === 0) throw new Error(`a domain, or "*" for all, is missing before "${line[0]}"`);
  if (line === '*')
    throw new Error(
      '"*" alone names no source; write "!*" to accept all recipients at domains that no line before names',
    );
  if (line.startsWith('@'))
    throw new Error('a source is missing: ":" with the path of a cdb, or "|" with a program');
  if (line.includes('@')) {
    const { localPart, domain } = parseMailbox(line);
    return { kind: 'address', key: tableKey(`${localPart}@${domain}`), domain };
  }
  return { kind: 'for-others', asked: cdbOf(line) };
}

function domainsOf(text: string): ControlDomains {
  if (text === '*') return { kind: 'all' };
  if (text.startsWith('@')) return { kind: 'exact', domain: domainOf(text.slice(1)) };
  if (text.startsWith('.')) return { kind: 'subdomains', domain: domainOf(text.slice(1)) };
  return { kind: 'with-subdomains', domain: domainOf(text) };
}

/** @throws {ValueError} with a clause */
function domainOf(text: string): string {
  const { kind, domain } = parseRecipientDomain(text);
  if (kind === 'suffix')
    throw new Error(`"${text}": write "${domain}" for this domain and all under it, or ".${domain}"`);
  return domain;
}

function cdbOf(text: string): ControlAsked {
  const path = text.trim();
  if (path === '') throw new Error('the path of a cdb is missing behind ":"');
  return { kind: 'cdb', path };
}

function programOf(text: string): ControlAsked {
  const command = text.split(/[ \t]+/).filter((word) => word !== '');
  if (command.length === 0) throw new Error('a program is missing behind "|"');
  return { kind: 'program', command };
}
