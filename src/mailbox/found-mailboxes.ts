// The mailboxes that are on the disk, found by the path of [mailboxes]: also those of users whom the directory does not know any more.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface FoundMailbox {
  readonly path: string;
  /** Whose it is by its path. */
  readonly address: string;
}

const variable = /\$\{(domain|user)\}/g;

/** What a name in a folder must be, for a part of the path. */
function patternOf(part: string): RegExp {
  const seen = new Set<string>();
  let text = '';
  let from = 0;
  for (const match of part.matchAll(variable)) {
    const [whole, name = ''] = match;
    text += literal(part.slice(from, match.index));
    text += seen.has(name) ? `\\k<${name}>` : `(?<${name}>[^/]+)`;
    seen.add(name);
    from = match.index + whole.length;
  }
  return new RegExp(`^${text}${literal(part.slice(from))}$`, 'su');
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/**
 * @param template - with `${user}`, in which `mailboxPathFault` finds nothing
 * @throws {Error} of the system, when a folder cannot be read
 */
export async function* foundMailboxes(template: string): AsyncGenerator<FoundMailbox, void> {
  yield* below('/', template.split('/').slice(1), {});
}

type Values = Readonly<Partial<Record<'domain' | 'user', string>>>;

async function* below(
  folder: string,
  [part, ...rest]: readonly string[],
  values: Values,
): AsyncGenerator<FoundMailbox, void> {
  if (part === undefined) {
    const { user = '', domain } = values;
    if (await isMaildir(folder))
      yield { path: folder, address: domain === undefined ? user : `${user}@${domain}` };
    return;
  }
  if (!part.includes('${')) {
    yield* below(join(folder, part), rest, values);
    return;
  }
  const pattern = patternOf(part);
  for (const name of await namesIn(folder)) {
    const groups = pattern.exec(name)?.groups;
    if (groups === undefined) continue;
    const isOther = (['domain', 'user'] as const).some(
      (each) => values[each] !== undefined && groups[each] !== undefined && groups[each] !== values[each],
    );
    if (!isOther) yield* below(join(folder, name), rest, { ...values, ...groups });
  }
}

async function isMaildir(folder: string): Promise<boolean> {
  const names = await namesIn(folder);
  return names.includes('new') && names.includes('cur');
}

/** In order; none where there is no such folder. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
