// Whether the keys of domains are published as they are: for `sluice dkim check` and `sluice doctor`.

import { keysFromDns } from '../dkim/dns-keys.ts';
import type { KeyAnswer } from '../dkim/types.ts';
import type { Resolver } from '../dns/types.ts';
import type { PrivateKey } from '../signing/private-key.ts';
import { comparePublished } from '../signing/public-record.ts';
import type { FoundKey } from './dkim-keys.ts';

export type Publication =
  | { readonly kind: 'published'; readonly isTesting: boolean }
  /** The file of the key cannot be used. */
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'several'; readonly count: number }
  /** Another key is published, or a record that allows no mail. */
  | { readonly kind: 'wrong'; readonly reason: string }
  /** Nobody could tell now. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Looks up all of them at once. */
export async function publicationsOf(
  keys: readonly FoundKey[],
  resolver: Pick<Resolver, 'txt'>,
): Promise<readonly (readonly [FoundKey, Publication])[]> {
  const lookUp = keysFromDns(resolver);
  return Promise.all(
    keys.map(async (found) => {
      const { file } = found;
      const publication: Publication =
        file.kind === 'key'
          ? publicationOf(await lookUp(found), file.key)
          : { kind: 'unusable', reason: file.reason };
      return [found, publication] as const;
    }),
  );
}

function publicationOf(answer: KeyAnswer, key: PrivateKey): Publication {
  if (answer.kind === 'temperror') return { kind: 'failed', reason: answer.reason };
  const [first, ...more] = answer.kind === 'records' ? answer.records : [];
  if (first === undefined) return { kind: 'absent' };
  if (more.length > 0) return { kind: 'several', count: more.length + 1 };
  const published = comparePublished(first, key);
  return published.kind === 'wrong' ? published : { kind: 'published', isTesting: published.isTesting };
}
