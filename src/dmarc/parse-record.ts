// DMARC policy records (RFC 9989 4.7): a list of tags, of which unknown and withdrawn ones (`pct`, `rf`, `ri`) are ignored.

/** What a domain owner asks receivers to do with mail that fails (RFC 9989 4.7). */
export type DmarcPolicy = 'none' | 'quarantine' | 'reject';

/** How near the domains must be (RFC 9989 4.7): the same, or of one organization. */
export type Alignment = 'strict' | 'relaxed';

export interface DmarcRecord {
  readonly p: DmarcPolicy;
  /** For existing subdomains; undefined: as `p`. */
  readonly sp: DmarcPolicy | undefined;
  /** For subdomains that do not exist; undefined: as `sp`. */
  readonly np: DmarcPolicy | undefined;
  readonly adkim: Alignment;
  readonly aspf: Alignment;
  /** `y`: mail is sent from below, by others; `n`: this is the domain of an organization; `u`: as the tree says. */
  readonly psd: 'y' | 'n' | 'u';
  /** `t=y`: the owner is testing, and asks for one step less than the policy. */
  readonly isTest: boolean;
  /** Where aggregate reports go, as it is written; empty: the owner wants none. */
  readonly rua: string;
  /** When the owner wants reports of failures, as it is written; empty: not said. */
  readonly fo: string;
}

export type ParsedDmarc =
  | { readonly kind: 'record'; readonly record: DmarcRecord }
  /** No policy follows from it, for any domain. Its `psd` still says where organizations begin. */
  | { readonly kind: 'unusable'; readonly psd: DmarcRecord['psd']; readonly reason: string };

/** Longest record that is read. */
const maxRecordLength = 8192;

/** RFC 9989 4.7: the version comes first, in this case, with blanks around `=` at most. Other TXT records are none of DMARC's. */
export function isDmarcRecord(text: string): boolean {
  return /^v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text);
}

/** Parses a text for which `isDmarcRecord` holds. */
export function parseDmarcRecord(text: string): ParsedDmarc {
  if (text.length > maxRecordLength) {
    return { kind: 'unusable', psd: 'u', reason: `it has more than ${maxRecordLength} characters` };
  }
  const tags = parseDmarcTags(text);
  const value = (name: string): string | undefined => tags.get(name)?.toLowerCase();
  const psd = value('psd');
  const boundary = psd === 'y' || psd === 'n' ? psd : 'u';
  const asked = policiesOf(value('p'), value('sp'), value('np'));
  if (asked === undefined && !hasReportAddress(tags.get('rua'))) {
    return { kind: 'unusable', psd: boundary, reason: 'it has no valid policy and no address for reports' };
  }
  return {
    kind: 'record',
    record: {
      // RFC 9989 4.7: reports are wanted, so the owner is at work on it: the policy counts as "none".
      ...(asked ?? { p: 'none', sp: undefined, np: undefined }),
      adkim: value('adkim') === 's' ? 'strict' : 'relaxed',
      aspf: value('aspf') === 's' ? 'strict' : 'relaxed',
      psd: boundary,
      isTest: value('t') === 'y',
      rua: tags.get('rua') ?? '',
      fo: value('fo') ?? '',
    },
  };
}

/** The tags of a record, by their names in lower case; of one that is there twice, the first. */
export function parseDmarcTags(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const part of text.slice(0, maxRecordLength).split(';')) {
    const equals = part.indexOf('=');
    if (equals === -1) continue;
    const name = part.slice(0, equals).trim().toLowerCase();
    if (!tags.has(name)) tags.set(name, part.slice(equals + 1).trim());
  }
  return tags;
}

/** @returns undefined when `p` is missing, or one of them is no policy */
function policiesOf(
  p: string | undefined,
  sp: string | undefined,
  np: string | undefined,
): Pick<DmarcRecord, 'p' | 'sp' | 'np'> | undefined {
  if (!isPolicy(p)) return undefined;
  if (!(sp === undefined || isPolicy(sp)) || !(np === undefined || isPolicy(np))) return undefined;
  return { p, sp, np };
}

function isPolicy(value: string | undefined): value is DmarcPolicy {
  return value === 'none' || value === 'quarantine' || value === 'reject';
}

/** At least one URI of the list is well-formed (RFC 9990 3.1 uses `mailto` alone, and others may come). */
function hasReportAddress(list: string | undefined): boolean {
  return list?.split(',').some((uri) => /^\s*[a-z][a-z0-9+.-]*:[^\s]+\s*$/i.test(uri)) ?? false;
}
