// Writes the Authentication-Results field (RFC 8601 2.2). Promises: whatever a client has said, the field is one well-formed field;
// values are tokens, domains or quoted strings of printable ASCII, and every line is short.

import type { SignatureResult } from '../dkim/types.ts';
import type { SpfVerdict } from '../spf/types.ts';
import type { ArcFinding, Findings } from './findings.ts';

/** Longest value of a property, before it is quoted. */
const maxValueLength = 255;
/** Longest reason. */
const maxReasonLength = 160;
/** Signatures that are named; the verification looks at no more, either. */
const maxSignatures = 20;

/** The methods whose results may be left out. */
export type Method = 'iprev' | 'spf' | 'dkim' | 'dmarc';

export interface ResultsOptions {
  /** Who says this (RFC 8601 2.5). */
  readonly authservId: string;
  readonly leftOut: ReadonlySet<Method>;
  /** A comment for people after the id; empty for none. Printable ASCII without parentheses and backslashes. */
  readonly comment: string;
}

/** The value of the field, folded. */
export function authenticationResults(findings: Findings, options: ResultsOptions): string {
  const { authservId, leftOut, comment } = options;
  const results: string[] = [];
  if (!leftOut.has('iprev')) results.push(iprevResult(findings));
  if (!leftOut.has('spf')) results.push(...spfResults(findings));
  if (!leftOut.has('dkim')) results.push(...dkimResults(findings.signatures));
  if (findings.arc !== undefined) results.push(arcResult(findings.arc));
  if (!leftOut.has('dmarc')) results.push(dmarcResult(findings));
  const head = `${valueOf(authservId)}${comment === '' ? '' : `\r\n\t(${comment})`}`;
  // RFC 8601 2.2: without any result, the field says so.
  return results.length === 0 ? `${head}; none` : [head, ...results].join(';\r\n\t');
}

function iprevResult({ iprev, client }: Findings): string {
  const name = iprev.name === '' ? '' : ` ${property('policy.iprev-name', iprev.name)}`;
  // A balancer may not know who the client is, and then there is no address to tell.
  const address = client === '' ? '' : ` ${property('policy.iprev', client)}`;
  return `iprev=${iprev.result}${reasonOf(iprev)}${address}${name}`;
}

function spfResults({ spf, helo }: Findings): string[] {
  const one = (verdict: SpfVerdict, name: string, value: string): string =>
    `spf=${verdict.result}${reasonOf(verdict)} ${property(name, value)}`;
  const heloResult = (verdict: SpfVerdict): string => one(verdict, 'smtp.helo', helo);
  if (spf.helo === undefined) return [heloResult(spf.mailFrom)];
  return [one(spf.mailFrom, 'smtp.mailfrom', spf.mailFrom.domain), heloResult(spf.helo)];
}

function dkimResults(signatures: readonly SignatureResult[]): string[] {
  if (signatures.length === 0) return ['dkim=none'];
  return signatures.slice(0, maxSignatures).map((each) => {
    const { method, result, domain, selector, algorithm, signature, reason } = each;
    const properties = [
      ['header.d', domain],
      ['header.s', selector],
      ['header.a', algorithm],
      // RFC 6008: which of several signatures of a domain is meant.
      ['header.b', signature],
    ].filter(([, value]) => value !== '');
    const said = properties.map(([name = '', value = '']) => ` ${property(name, value)}`).join('');
    return `${method}=${result}${reasonOf({ result, reason: reason ?? '' })}${said}`;
  });
}

/** RFC 8617 10.2. Its domains are in the header; here is who has sealed last. */
function arcResult({ result, reason, sealers }: ArcFinding): string {
  const last = sealers.at(-1);
  const said = last === undefined ? '' : ` ${property('header.d', last)}`;
  return `arc=${result}${reasonOf({ result, reason: reason ?? '' })}${said}`;
}

function dmarcResult({ dmarc, arc }: Findings): string {
  const asked = dmarc.policyDomain === '' ? '' : ` ${property('policy.dmarc', dmarc.policy)}`;
  const from = dmarc.author === '' ? '' : ` ${property('header.from', dmarc.author)}`;
  const vouched =
    arc?.vouches === true && dmarc.result === 'fail'
      ? '\r\n\t (a trusted ARC sealer says that it passed)'
      : '';
  return `dmarc=${dmarc.result}${vouched}${reasonOf(dmarc)}${from}${asked}`;
}

/** Says why, where it did not pass. */
function reasonOf({ result, reason }: { readonly result: string; readonly reason: string }): string {
  if (result === 'pass' || result === 'none' || reason === '') return '';
  return `\r\n\t reason=${quoted(reason.slice(0, maxReasonLength))}`;
}

function property(name: string, value: string): string {
  return `${name}=${valueOf(value)}`;
}

/** RFC 2045 5.1 `token`. RFC 8601 2.2 takes it, and domains, without quotes. */
const token = /^[A-Za-z0-9!#$%&'*+\-.^_`{|}~]+$/;

function valueOf(text: string): string {
  const value = text.slice(0, maxValueLength);
  return token.test(value) ? value : quoted(value);
}

/** RFC 5322 3.2.4. What is no printable ASCII becomes a question mark: CR and LF above all, and what could be read in two ways. */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&')}"`;
}
