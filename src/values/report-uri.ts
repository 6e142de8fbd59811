// Where a domain wants reports about its mail: the URIs of `rua` in records of TLS reporting (RFC 8460 3) and of DMARC (RFC 9990 3.1).

import { parseMailbox } from './domain.ts';

export type ReportUri =
  | {
      readonly kind: 'mailto';
      /** Its domain is in lower-case A-labels. */
      readonly address: string;
      readonly host: string;
      /** The largest message that is wanted; undefined: any. */
      readonly maxBytes?: number;
    }
  | { readonly kind: 'https'; readonly url: string; readonly host: string };

/** Longest URI that is read. */
const maxLength = 1_000;
/** Longest address (RFC 5321 4.5.3.1.3). */
const maxAddressLength = 254;

/** Is the text a URI by its form (RFC 3986 3), with `!`, `,` and `;` only where they are encoded (RFC 8460 3)? */
export function hasUriForm(text: string): boolean {
  return text.length <= maxLength && /^[a-z][a-z0-9+.-]*:(?:[^\s!,;%"<>\\^`{|}]|%[0-9a-f]{2})+$/i.test(text);
}

/** Reads a URI to which Sluice can report; undefined for others: another scheme, several addresses, an address of no domain. */
export function parseReportUri(text: string): ReportUri | undefined {
  if (!hasUriForm(text)) return undefined;
  const scheme = text.slice(0, text.indexOf(':')).toLowerCase();
  if (scheme === 'mailto') return mailbox(text.slice(text.indexOf(':') + 1));
  return scheme === 'https' ? page(text) : undefined;
}

/** RFC 6068 2. Header fields behind `?` are not used: a domain could write into our report. */
function mailbox(text: string): ReportUri | undefined {
  const [encoded = ''] = text.split('?');
  try {
    const address = decodeURIComponent(encoded);
    const { localPart, domain } = parseMailbox(address);
    // A quoted local part is legal, and nobody has one for reports.
    const isUsual = /^[\w!#$%&'*+\-/=?^`{|}~.]+$/.test(localPart) && isName(domain);
    if (!isUsual || address.length > maxAddressLength) return undefined;
    return { kind: 'mailto', address: `${localPart}@${domain}`, host: domain };
  } catch {
    return undefined;
  }
}

function page(text: string): ReportUri | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { hostname, username, password } = url;
  if (!isName(hostname) || username !== '' || password !== '') return undefined;
  url.hash = '';
  return { kind: 'https', url: url.href, host: hostname };
}

/** A domain name of several labels, of which the last is no number: neither `localhost` nor an IP address. */
function isName(host: string): boolean {
  return /\.[a-z][a-z0-9-]*$/i.test(host);
}

/** The URI as text, for people and for what is kept. */
export function formatReportUri(uri: ReportUri): string {
  return uri.kind === 'mailto' ? `mailto:${uri.address}` : uri.url;
}
