// The policy file of MTA-STS (RFC 8461 3.2): lines of `key: value`. Pure. Promises: hostile text costs time in proportion to its
// length, and a policy without a host to match is never taken for one that can be met.

export type StsMode = 'enforce' | 'testing' | 'none';

export interface StsPolicy {
  readonly mode: StsMode;
  /** Patterns in lower case, without a final dot, each once: a host name, or `*.` and a domain. */
  readonly mx: readonly string[];
  readonly maxAgeSeconds: number;
}

export type ReadPolicy =
  | ({ readonly kind: 'policy' } & StsPolicy)
  | { readonly kind: 'invalid'; readonly reason: string };

/** RFC 8461 3.2: about one year. */
export const greatestMaxAgeSeconds = 31_557_600;
/** Most characters of all patterns together that a policy may have here, so that many policies fit into memory. */
const maxMxLength = 4_096;

const line = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(.*)$/;
/** Extensions may have UTF-8 (RFC 8461 3.2); no value has control characters. */
// oxlint-disable-next-line no-control-regex -- these are what must not be there
const control = /[\x00-\x1f\x7f]/;
const maxAge = /^[0-9]{1,10}$/;
/** Labels as in RFC 5321 4.1.2, and with `_`, which some hosts have in their names. */
const hostPattern =
  /^(?:\*\.)?(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Reads a policy file. Of a key that stands there more than once the first counts, except for `mx`. */
export function readStsPolicy(text: string): ReadPolicy {
  const first = new Map<string, string>();
  const mx = new Set<string>();
  let mxLength = 0;
  for (const each of text.split(/\r?\n/)) {
    const bare = each.trimEnd();
    // Not in the grammar, but common at the end of files.
    if (bare === '') continue;
    const [, key = '', value = ''] = line.exec(bare) ?? [];
    if (key === '') return invalid(`${shown(bare)} is not a key and a value`);
    if (value === '' || control.test(value))
      return invalid(`the value of ${key} is empty or has control characters`);
    if (key !== 'mx') {
      if (!first.has(key)) first.set(key, value);
      continue;
    }
    const pattern = value.toLowerCase().replace(/\.$/, '');
    if (!hostPattern.test(pattern))
      return invalid(`mx: ${shown(value)} is neither a host name nor "*." and a domain`);
    if (mx.has(pattern)) continue;
    mx.add(pattern);
    mxLength += pattern.length;
    if (mxLength > maxMxLength) return invalid(`its mx lines have more than ${maxMxLength} characters`);
  }
  return together(first, [...mx]);
}

function together(values: ReadonlyMap<string, string>, mx: readonly string[]): ReadPolicy {
  if (values.get('version') !== 'STSv1') return invalid('its version is not STSv1');
  const mode = values.get('mode');
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none')
    return invalid('its mode is not enforce, testing or none');
  const age = values.get('max_age') ?? '';
  if (!maxAge.test(age)) return invalid('its max_age is not a number of at most ten digits');
  // RFC 8461 3.2: at least one mx unless the mode is none. Without one no host could ever be delivered to.
  if (mx.length === 0 && mode !== 'none') return invalid(`its mode is ${mode}, and it has no mx`);
  return { kind: 'policy', mode, mx, maxAgeSeconds: Math.min(Number(age), greatestMaxAgeSeconds) };
}

/** The policy as lines of its file, without what Sluice does not know: for people, and for reports (RFC 8460 4.4). */
export function stsPolicyLines({ mode, mx, maxAgeSeconds }: StsPolicy): string[] {
  return ['version: STSv1', `mode: ${mode}`, ...mx.map((each) => `mx: ${each}`), `max_age: ${maxAgeSeconds}`];
}

function invalid(reason: string): ReadPolicy {
  return { kind: 'invalid', reason };
}

/** Text of a stranger for one line of a log. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
