// The record by which a domain asks for TLS reports (RFC 8460 3): TXT at `_smtp._tls.<domain>`. It is read strictly, because a record
// with a mistake in it says nobody knows what.

import { hasUriForm, parseReportUri, type ReportUri } from '../values/report-uri.ts';

export type ParsedRecord =
  | {
      readonly kind: 'record';
      /** As the record has them, of any scheme. */
      readonly rua: readonly string[];
      /** Those that Sluice can report to. */
      readonly uris: readonly ReportUri[];
    }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Longest record that is read. */
const maxRecordLength = 8192;
/** Destinations that get a report; further ones do not. */
const maxUris = 5;

/** The name of the record of a policy domain. */
export function recordName(domain: string): string {
  return `_smtp._tls.${domain}`;
}

/** Reads the TXT records of the name; undefined when none of them is about TLS reports. */
export function readRecords(texts: readonly string[]): ParsedRecord | undefined {
  // RFC 8460 3: others are discarded, and of those that are left there must be one.
  const found = texts.filter((text) => /^v=TLSRPTv1[ \t]*(?:;|$)/.test(text));
  const [first] = found;
  if (first === undefined) return undefined;
  return found.length === 1 ? parseRecord(first) : invalid('there are several records');
}

/** Reads one record. */
export function parseRecord(text: string): ParsedRecord {
  if (text.length > maxRecordLength) return invalid(`it has more than ${maxRecordLength} characters`);
  const [version, ...fields] = text
    .split(';')
    .map((part) => part.replaceAll(/^[ \t]+|(?<![ \t])[ \t]+$/g, ''));
  if (version !== 'v=TLSRPTv1') return invalid('it does not begin with v=TLSRPTv1');
  // One semicolon may end the record.
  if (fields.at(-1) === '') fields.pop();
  const rua: string[] = [];
  for (const field of fields) {
    const equals = field.indexOf('=');
    const name = field.slice(0, Math.max(0, equals));
    const value = field.slice(equals + 1);
    if (name !== 'rua') {
      if (!isExtension(name, value)) return invalid(`"${field.slice(0, 50)}" is no field`);
      continue;
    }
    const list = value.split(',').map((uri) => uri.trim());
    if (!list.every(hasUriForm)) return invalid('rua is no list of URIs');
    rua.push(...list);
  }
  if (rua.length === 0) return invalid('it has no rua');
  const uris = rua.map(parseReportUri).filter((uri) => uri !== undefined);
  return { kind: 'record', rua, uris: uris.slice(0, maxUris) };
}

/** RFC 8460 3, `tlsrpt-extension`. */
function isExtension(name: string, value: string): boolean {
  return /^[a-z0-9][a-z0-9_.-]{0,31}$/i.test(name) && /^[\x21-\x3a\x3c\x3e-\x7e]+$/.test(value);
}

function invalid(reason: string): ParsedRecord {
  return { kind: 'invalid', reason };
}
