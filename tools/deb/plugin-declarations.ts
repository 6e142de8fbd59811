// The declarations that authors of plugins need: with them, an editor knows what `sluice/plugin` has. All others are left out of packages.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * @param dist - the folder that `npm run build` has written
 * @returns declarations of `sluice/plugin` and `sluice/plugin/testing`, and all that they import, by their paths below `dist`
 */
export function pluginDeclarations(dist: string): string[] {
  const found = new Set<string>();
  const follow = (file: string): void => {
    if (found.has(file) || !existsSync(join(dist, file))) return;
    found.add(file);
    const text = readFileSync(join(dist, file), 'utf8');
    for (const [, specifier = ''] of text.matchAll(/(?:from |import\()'(\.[^']+)\.ts'/gu)) {
      follow(join(dirname(file), `${specifier}.d.ts`));
    }
  };
  follow('plugin/index.d.ts');
  follow('plugin/testing/index.d.ts');
  return [...found].toSorted();
}
