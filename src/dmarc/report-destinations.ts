// Where a domain wants aggregate reports (RFC 9990 3.4), and whether those who would get them agree (RFC 9990 4): anybody can publish a
// record that sends reports to a stranger.

import { isQueryable } from '../dns/domain-name.ts';
import type { Resolver } from '../dns/types.ts';
import { parseReportUri, type ReportUri } from '../values/report-uri.ts';
import { isDmarcRecord, parseDmarcTags } from './parse-record.ts';
import { TreeWalk } from './tree-walk.ts';

export type ReportDestinations =
  | { readonly kind: 'found'; readonly uris: readonly ReportUri[] }
  | { readonly kind: 'none'; readonly reason: string }
  /** Nobody knows now. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Destinations that are looked at; further ones get no report. */
const maxUris = 5;
const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** @param domain - whose record it is, in lower-case A-labels */
export async function reportDestinations(
  domain: string,
  resolver: Pick<Resolver, 'txt'>,
): Promise<ReportDestinations> {
  const walk = new TreeWalk(resolver);
  const published = await walk.published(domain);
  if (published.kind === 'failed') return { kind: 'failed', reason: published.reason };
  const rua = published.kind === 'record' ? published.record.rua : '';
  const wanted = parseRua(rua);
  if (wanted.length === 0) return { kind: 'none', reason: whyNone(domain, rua) };
  const uris: ReportUri[] = [];
  const refused: string[] = [];
  for (const uri of wanted) {
    const confirmed = await confirm(domain, uri, walk, resolver);
    if (confirmed.kind === 'failed') return confirmed;
    if (confirmed.kind === 'none') refused.push(confirmed.reason);
    else uris.push(...confirmed.uris);
  }
  return uris.length > 0
    ? { kind: 'found', uris: uris.slice(0, maxUris) }
    : { kind: 'none', reason: refused.join('; ') };
}

/** The destinations of a `rua` that Sluice can report to: those of mail (RFC 9990 3.5.3 has no other). */
export function parseRua(rua: string): readonly ReportUri[] {
  const found: ReportUri[] = [];
  for (const text of rua.split(',').slice(0, maxUris)) {
    const [, plain = '', count = '', unit = ''] =
      /^(.*?)(?:!(\d{1,12})([kmgt]?))?$/is.exec(text.trim()) ?? [];
    const uri = parseReportUri(plain);
    if (uri?.kind !== 'mailto') continue;
    // RFC 9990 3.5: what is larger than a destination takes is not sent there.
    const maxBytes = Number(count) * (units[unit.toLowerCase()] ?? 1);
    found.push(count === '' ? uri : { ...uri, maxBytes });
  }
  return found;
}

function whyNone(domain: string, rua: string): string {
  if (rua === '') return `${domain} asks for none`;
  return `the record of ${domain} has no address of mail: ${rua.slice(0, 200)}`;
}

/** RFC 9990 4: steps 1 to 9. */
async function confirm(
  domain: string,
  uri: ReportUri,
  walk: TreeWalk,
  resolver: Pick<Resolver, 'txt'>,
): Promise<ReportDestinations> {
  const own = await walk.organization(domain);
  if (own.kind === 'failed') return own;
  const theirs = await walk.organization(uri.host);
  if (theirs.kind === 'failed') return theirs;
  if (own.domain === theirs.domain) return { kind: 'found', uris: [uri] };
  const name = `${domain}._report._dmarc.${uri.host}`;
  const refused = (why: string): ReportDestinations => ({ kind: 'none', reason: `${uri.host} ${why}` });
  if (!isQueryable(name)) return refused(`cannot agree to reports about ${domain}: the name is too long`);
  const answer = await resolver.txt(name);
  if (answer.kind === 'failed') return { kind: 'failed', reason: `TXT of ${name}: ${answer.reason}` };
  const records = answer.kind === 'found' ? answer.records.filter(isDmarcRecord) : [];
  const [record] = records;
  if (record === undefined) return refused(`does not agree to reports about ${domain}: there is no ${name}`);
  const override = records.map((text) => parseDmarcTags(text).get('rua') ?? '').find((rua) => rua !== '');
  if (override === undefined) return { kind: 'found', uris: [uri] };
  const others = parseRua(override);
  // No loops, and nobody who is sent on: the same host, or nobody.
  if (others.length === 0 || others.some(({ host }) => host !== uri.host)) {
    return refused(`sends reports about ${domain} on to another host`);
  }
  return { kind: 'found', uris: others };
}
