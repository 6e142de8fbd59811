// One line of `control/dkimdomains` of s/qmail: `domain:selector[,selector]|sdid|auid|expire|c:z:l`. It says with which keys mail of a domain is
// signed, and how. Of the fields, auid, expire, z and l are not taken over: signatures have no i=, end by `valid` alone, are always made
// with SHA-256, and cover the whole body.

import { type DomainPattern, parseDomain, parseDomainPattern } from '../../values/domain.ts';
import { checkDomain } from '../../values/domain-name.ts';
import { ValueError } from '../../values/value-error.ts';

export interface DkimDomain {
  /** Undefined: all domains that nothing else names. */
  readonly domain: DomainPattern | undefined;
  readonly selectors: readonly string[];
  /** The domain that signs; undefined: the domain itself. */
  readonly signAs: string | undefined;
  readonly canonicalization: 'relaxed/relaxed' | 'relaxed/simple' | 'simple/relaxed' | 'simple/simple';
}

const canonicalizations: ReadonlyMap<string, DkimDomain['canonicalization']> = new Map([
  ['', 'relaxed/relaxed'],
  ['r', 'relaxed/relaxed'],
  ['s', 'simple/simple'],
  ['t', 'relaxed/simple'],
  ['u', 'simple/relaxed'],
]);

/** @throws {ValueError} when it is no such line */
export function parseDkimDomain(line: string): DkimDomain {
  const [names = '', sdid = '', , , forms = ''] = line.split('|').map((field) => field.trim());
  const [domain = '', selectors = ''] = names.split(':').map((field) => field.trim());
  const given = selectors.split(',').map((selector) => selector.trim().toLowerCase());
  const known = given.filter((selector) => selector !== '');
  for (const selector of known)
    if (checkDomain(selector) !== 'ok') throw new ValueError(`${JSON.stringify(selector)} is not a selector`);
  const [form = ''] = forms.split(':');
  const canonicalization = canonicalizations.get(form.trim());
  if (canonicalization === undefined)
    throw new ValueError(`${JSON.stringify(form)} is not a canonicalization: r, s, t or u`);
  return {
    domain: domain === '' || domain === '*' ? undefined : parseDomainPattern(domain),
    selectors: known.length === 0 ? ['default'] : known,
    signAs: sdid === '' ? undefined : parseDomain(sdid),
    canonicalization,
  };
}
