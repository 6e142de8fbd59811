// Workloads made from a few numbers: messages spread over domains with shares as real lists have them
// (Zipf: the domain of rank r gets its share in proportion to 1 / r^s), and tenants with shares of their own.

import { closest } from '../values/closest.ts';
import { parseDuration } from '../values/duration.ts';
import { parseSize } from '../values/size.ts';
import { ValueError } from '../values/value-error.ts';
import { Random } from '../schedule/store/random.ts';
import { SimulationError } from './simulation-error.ts';
import { providers } from './well-known.ts';
import { Workload } from './workload.ts';

export interface WorkloadSpec {
  readonly messages: number;
  readonly domains: number;
  /** Exponent of the shares; 0: all domains get the same. */
  readonly zipf: number;
  /** Ms over which the messages come, evenly. */
  readonly overMs: number;
  /** Recipients of each message. */
  readonly recipients: number;
  readonly sizeBytes: number;
  /** Are the first domains those of the big providers? */
  readonly known: boolean;
  readonly tenants: readonly { readonly name: string; readonly share: number }[];
}

const readers = {
  messages: (text: string) => ({ messages: count(text) }),
  domains: (text: string) => ({ domains: count(text) }),
  zipf: (text: string) => ({ zipf: number(text) }),
  over: (text: string) => ({ overMs: parseDuration(text) }),
  recipients: (text: string) => ({ recipients: count(text) }),
  size: (text: string) => ({ sizeBytes: parseSize(text) }),
  known: (text: string) => ({ known: yesNo(text) }),
  tenants: (text: string) => ({ tenants: tenants(text) }),
} as const satisfies Readonly<Record<string, (text: string) => Partial<WorkloadSpec>>>;

/**
 * Reads `messages=100000,domains=1000,zipf=1,over=10m,tenants=news:9+shop:1`.
 * @throws {SimulationError} when it is not understood
 */
export function parseWorkloadSpec(text: string): WorkloadSpec {
  const spec: WorkloadSpec = {
    messages: 10_000,
    domains: 1_000,
    zipf: 1,
    overMs: 0,
    recipients: 1,
    sizeBytes: 20_000,
    known: true,
    tenants: [],
  };
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const equals = part.indexOf('=');
    const key = part.slice(0, Math.max(equals, 0)).trim();
    const read = Object.entries(readers).find(([name]) => name === key)?.[1];
    try {
      if (read === undefined) throw new ValueError(unknownKey(part.trim(), key));
      Object.assign(spec, read(part.slice(equals + 1).trim()));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw new SimulationError(
        'SIMULATION_INPUT',
        `Reading --generate: ${read === undefined ? '' : `${key}: `}${error.message}`,
        'Write it like messages=100000,domains=1000,over=10m; docs/simulate.md has all keys.',
      );
    }
  }
  return spec;
}

/** The same specification and seed give the same workload. */
export function generateWorkload(spec: WorkloadSpec, seed: number): Workload {
  const random = new Random(seed ^ 0x0a11);
  const workload = new Workload();
  const domains = domainNames(spec);
  const upTo = cumulative(domains.map((_, rank) => 1 / (rank + 1) ** spec.zipf));
  const tenantsUpTo = cumulative(spec.tenants.map(({ share }) => share));
  for (let message = 0; message < spec.messages; message++) {
    const tenant = spec.tenants[draw(tenantsUpTo, random)]?.name;
    workload.add({
      atMs: Math.floor((spec.overMs * message) / spec.messages),
      from: tenant === undefined ? 'sender@generated.example' : `sender@${tenant}.example`,
      to: Array.from({ length: spec.recipients }, () => domains[draw(upTo, random)] ?? ''),
      tenant,
      priority: undefined,
      sizeBytes: spec.sizeBytes,
    });
  }
  return workload;
}

function domainNames({ domains, known }: WorkloadSpec): string[] {
  const names = known ? bigDomains().slice(0, domains) : [];
  while (names.length < domains) names.push(`domain${names.length + 1}.example`);
  return names;
}

/** The first domain of each provider, then the second ones, and so on. */
function bigDomains(): string[] {
  const names: string[] = [];
  for (let rank = 0; providers.some((provider) => provider.domains.length > rank); rank++)
    names.push(...providers.flatMap((provider) => provider.domains.slice(rank, rank + 1)));
  return names;
}

function cumulative(shares: readonly number[]): Float64Array {
  const upTo = new Float64Array(shares.length);
  let total = 0;
  for (const [index, share] of shares.entries()) upTo[index] = total += share;
  return upTo;
}

/** A random index; each is chosen in proportion to its share. */
function draw(upTo: Float64Array, random: Random): number {
  if (upTo.length < 2) return 0;
  const wanted = random.next() * (upTo.at(-1) ?? 0);
  let low = 0;
  let high = upTo.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((upTo[middle] as number) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

function unknownKey(part: string, key: string): string {
  const names = Object.keys(readers);
  if (key === '') return `"${part}" is not of the form key=value`;
  const meant = closest(key, names);
  return `there is no key "${key}"; ${meant === undefined ? `there are ${names.join(', ')}` : `did you mean "${meant}"?`}`;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new ValueError(`"${text}" is not a whole number above 0`);
  return value;
}

function number(text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0 && value <= 10))
    throw new ValueError(`"${text}" is not a number from 0 to 10`);
  return value;
}

function yesNo(text: string): boolean {
  if (text !== 'yes' && text !== 'no') throw new ValueError(`"${text}" is neither yes nor no`);
  return text === 'yes';
}

/** `3`, or `news:9+shop:1`. */
function tenants(text: string): { readonly name: string; readonly share: number }[] {
  if (/^\d+$/.test(text)) {
    return Array.from({ length: count(text) }, (_, index) => ({ name: `tenant${index + 1}`, share: 1 }));
  }
  return text.split('+').map((part) => {
    const [name = '', share = '1', ...rest] = part.split(':');
    const value = Number(share);
    if (name === '' || rest.length > 0 || !(value > 0))
      throw new ValueError(`"${part}" is no tenant with its share, e.g. news:9+shop:1`);
    return { name, share: value };
  });
}
