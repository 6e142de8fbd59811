// Looks addresses up as Sluice does, by the name servers and IP versions of a configuration, for commands that connect by
// themselves.

import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Config } from '../config/config.ts';
import type { Resolver } from '../dns/types.ts';
import { openResolver } from '../manager/open-resolver.ts';

/** For `net.connect`. */
export function configuredLookup(config: Config): LookupFunction {
  return (host, _, done) => void answer(config, host, done);
}

async function answer(config: Config, host: string, done: Parameters<LookupFunction>[2]): Promise<void> {
  const resolver = openResolver(config, () => performance.now());
  try {
    done(null, await addressesOf(resolver, host, config));
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)), []);
  } finally {
    resolver.close();
  }
}

async function addressesOf(
  resolver: Pick<Resolver, 'addresses'>,
  host: string,
  { deliver }: Config,
): Promise<LookupAddress[]> {
  const families = ([4, 6] as const).filter((family) => (family === 4 ? deliver.ipv4 : deliver.ipv6));
  const answers = await Promise.all(
    families.map(async (family) => ({ family, answer: await resolver.addresses(host, family) })),
  );
  const found = answers.flatMap(({ answer, family }) =>
    answer.kind === 'found' ? answer.records.map((address) => ({ address, family })) : [],
  );
  if (found.length > 0) return found;
  for (const { answer } of answers) {
    if (answer.kind === 'failed') throw new LookupError('ECONFIGURED', answer.reason);
  }
  throw new LookupError('ENOTFOUND', `no address of ${host}`);
}

/** With a code, as Node's errors have it. */
class LookupError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
