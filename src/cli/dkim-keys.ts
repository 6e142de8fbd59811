// The keys that `sluice dkim` works with: those of the configuration, and others that lie beside them, such as one that is to come.

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.ts';
import { selectorOfFile } from '../config/schema/signing-key.ts';
import { keyNameOf } from '../dkim/types.ts';
import { signingRules } from '../settings/signing.ts';
import { readKeyFile } from '../signing/key-file.ts';
import type { PrivateKey } from '../signing/private-key.ts';

/** One key, as its file is now. */
export interface FoundKey {
  readonly path: string;
  readonly selector: string;
  /** `d=`. */
  readonly domain: string;
  /** Where its public part is published. */
  readonly name: string;
  /** Does it sign mail of the domain, by the configuration? */
  readonly signs: boolean;
  /** The key, or why it cannot be used: a clause about the file. */
  readonly file:
    | { readonly kind: 'key'; readonly key: PrivateKey; readonly warnings: readonly string[] }
    | { readonly kind: 'unusable'; readonly reason: string };
}

/** The folder of a domain's keys, unless the configuration has others. */
export function keyFolder(config: Config, domain: string): string {
  const base = config.file === undefined ? process.cwd() : dirname(config.file);
  return join(base, 'dkim', domain);
}

/** The keys of one domain: those that sign its mail, then others in their folders. */
export async function keysOf(config: Config, domain: string): Promise<readonly FoundKey[]> {
  const chosen = signingRules(config).forEverybody(domain);
  const found: FoundKey[] = [];
  for (const { path, isOptional, domain: signingDomain, rule } of chosen) {
    const each = await findKey(path, rule.selector, signingDomain, true);
    const other = isOptional && each === undefined ? `${path}.private` : undefined;
    const key = other === undefined ? each : await findKey(other, rule.selector, signingDomain, true);
    if (key !== undefined) found.push(key);
    else if (!isOptional) found.push(missing(path, rule.selector, signingDomain));
  }
  const known = new Set(found.map(({ path }) => path));
  const folders = new Set([keyFolder(config, domain), ...found.map(({ path }) => dirname(path))]);
  // A folder with the keys of several domains does not say whose the others are.
  const own = [...folders].filter((folder) => folder.split('/').at(-1) === domain);
  for (const path of own.flatMap(pemFiles)) {
    const key = known.has(path) ? undefined : await findKey(path, selectorOfFile(path), domain, false);
    if (key !== undefined) found.push(key);
  }
  return found;
}

/** The domains that the configuration names, and those above its suffixes. */
export function configuredDomains({ signingKey }: Config): readonly string[] {
  return [...new Set(signingKey.flatMap(({ domain }) => domain.map((each) => each.domain)))];
}

function pemFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.pem'))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Undefined when there is no such file. */
async function findKey(
  path: string,
  selector: string,
  domain: string,
  signs: boolean,
): Promise<FoundKey | undefined> {
  const file = await readKeyFile(path);
  if (file.kind === 'absent') return undefined;
  return { path, selector, domain, name: keyNameOf({ selector, domain }), signs, file };
}

function missing(path: string, selector: string, domain: string): FoundKey {
  const file = { kind: 'unusable', reason: 'it does not exist' } as const;
  return { path, selector, domain, name: keyNameOf({ selector, domain }), signs: true, file };
}
