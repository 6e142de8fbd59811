// [bounce] as the rest of Sluice sees it.

import { resolve } from 'node:path';
import type { z } from 'zod';
import type { OwnTexts } from '../values/report-texts.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { bounce } from './schema/bounce.ts';

type FileBounce = DeepReadonly<CamelKeys<z.output<typeof bounce>>>;

/** The keys of [bounce]. */
export type BounceConfig = Omit<FileBounce, 'from'> & {
  readonly from: string;
  /** What the files of `texts` have. */
  readonly ownTexts: readonly OwnTexts[];
};

/** @param folder - where a relative path starts */
export function toBounceConfig(
  given: FileBounce,
  hostname: string,
  folder: string,
  ownTexts: readonly OwnTexts[],
): BounceConfig {
  const texts = given.texts.map((file) => resolve(folder, file));
  return { ...given, texts, from: given.from ?? `MAILER-DAEMON@${hostname}`, ownTexts };
}
