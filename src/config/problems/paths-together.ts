// What the paths of a configuration say about each other: no two are the same, none leads through a socket or a file of
// another key, and none is a name that the spool uses itself. Links are followed as far as they are there.

import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import type { ConfigWarning } from '../read/config-warning.ts';
import { keyText } from '../read/key-text.ts';
import type { Path } from '../read/toml.ts';

interface Named {
  /** Of the key; empty: the configuration file itself. */
  readonly path: Path;
  readonly kind: 'folder' | 'socket' | 'log' | 'input';
  /** As it is known to the system. */
  readonly place: string;
}

/** The part of a configuration that names paths; all are absolute. */
interface Paths {
  readonly file: string | undefined;
  readonly spool: string;
  readonly controlSocket: string;
  readonly submissionSocket: string;
  readonly receive: { readonly relayDomainsFile?: string | undefined };
  readonly limit: readonly { readonly domainFile?: string | undefined }[];
  readonly log: { readonly file?: string | undefined };
}

/** What Sluice makes in the folder of its spool. */
const namesInSpool: ReadonlySet<string> = new Set([
  'segments',
  'large',
  'journal',
  'damaged',
  'format',
  'holds',
  'lock.sock',
  'bus.sock',
  'overrides.json',
  'overrides.json.copy',
  'rates.json',
  'clock.json',
]);
/** And the life signs of its processes. */
const lifeSign = /^(manager|receiver|sender|control)-\d+\.sock$/u;

/** Everything that cannot be meant; each with the key that comes later in the documentation. */
export function pathProblems(config: Paths): ConfigWarning[] {
  const all = named(config);
  const found: ConfigWarning[] = [];
  const spool = placeOf(config.spool);
  for (const [index, each] of all.entries()) {
    const other = all.slice(0, index).find((before) => collides(before, each));
    if (other !== undefined) found.push({ path: each.path, message: collisionText(each, other) });
    else if (isSpools(each, spool)) {
      const message = `${each.place} is a name that the spool uses itself; choose one outside of the folder of spool`;
      found.push({ path: each.path, message });
    }
  }
  return found;
}

/** The configuration file first: it is no key that could be changed. */
function named({ file, spool, controlSocket, submissionSocket, log, receive, limit }: Paths): Named[] {
  const given: readonly (readonly [Path, Named['kind'], string | undefined])[] = [
    [[], 'input', file],
    [['spool'], 'folder', spool],
    [['control_socket'], 'socket', controlSocket],
    [['submission_socket'], 'socket', submissionSocket],
    [['receive', 'relay_domains_file'], 'input', receive.relayDomainsFile],
    ...limit.map(({ domainFile }, index) => [['limit', index, 'domain_file'], 'input', domainFile] as const),
    [['log', 'file'], 'log', log.file],
  ];
  return given.flatMap(([path, kind, place]) =>
    // Devices may be shared: /dev/null is an empty list, too.
    place === undefined || place.startsWith('/dev/') ? [] : [{ path, kind, place: placeOf(place) }],
  );
}

function collides(a: Named, b: Named): boolean {
  if (a.kind === 'input' && b.kind === 'input') return false;
  return a.place === b.place || leadsThrough(a, b) || leadsThrough(b, a);
}

/** Below what is no folder there is nothing. If a folder is there already, `sluice check` says so of the key itself. */
function leadsThrough(inner: Named, outer: Named): boolean {
  if (outer.kind === 'folder' || !isBelow(inner.place, outer.place)) return false;
  try {
    return !statSync(outer.place).isDirectory();
  } catch {
    return true; // it is not there yet
  }
}

function isBelow(inner: string, outer: string): boolean {
  return inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}

function isSpools({ kind, place }: Named, spool: string): boolean {
  if (kind === 'folder' || !isBelow(place, spool)) return false;
  const [first = ''] = place.slice(join(spool, sep).length).split(sep);
  return namesInSpool.has(first) || lifeSign.test(first);
}

function collisionText(each: Named, other: Named): string {
  const name = other.path.length === 0 ? 'the configuration file' : keyText(other.path);
  if (each.place === other.place) return `${each.place} is ${name}, too; give each a path of its own`;
  return leadsThrough(each, other)
    ? `${each.place} is below ${name}, which is no folder`
    : `${other.place}, which is ${name}, is below this, which is no folder`;
}

/** Links are followed in the part of the path that is there. */
function placeOf(path: string): string {
  let there = path;
  let rest = '';
  for (;;) {
    try {
      return join(realpathSync(there), rest);
    } catch {
      if (dirname(there) === there) return path;
      rest = join(basename(there), rest);
      there = dirname(there);
    }
  }
}
