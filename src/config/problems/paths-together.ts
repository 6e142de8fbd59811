// Checks the paths of a configuration against each other: no two are the same, none leads through a socket or a file of
// another key, and none is a name that the spool uses itself. Symbolic links are followed as far as they exist.

import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import type { ConfigWarning } from '../read/config-warning.ts';
import { queueSockets } from '../queue-sockets.ts';
import { passwordSocketOf, readSocketOf } from '../../values/control-sockets.ts';
import { keyText } from '../read/key-text.ts';
import type { Path } from '../read/toml.ts';

interface NamedPath {
  /** The path of the key; empty for the configuration file itself. */
  readonly path: Path;
  readonly kind: 'folder' | 'socket' | 'log' | 'input';
  /** The real path, with symbolic links followed. */
  readonly place: string;
}

/** The part of an issuer of tokens that names paths. */
interface TokenFiles {
  readonly ca: string | undefined;
  readonly check: {
    readonly place?: { readonly kind: string; readonly path?: string };
    readonly secret?: { readonly kind: string; readonly path?: string };
  };
}

/** The part of a configuration that names paths; all are absolute. */
interface Paths {
  readonly file: string | undefined;
  readonly fragments: readonly string[];
  readonly spool: string;
  readonly queues: readonly {
    readonly path: string;
    readonly name: string;
    readonly operatorGroup?: string | undefined;
    readonly operatorReadOnlyGroup?: string | undefined;
  }[];
  readonly controlSocket: string;
  readonly submissionSocket: string;
  readonly control: { readonly readOnlyGroup?: string | undefined; readonly userPasswords?: boolean };
  readonly receive: { readonly relayDomainsFile?: string | undefined };
  readonly deliver: { readonly mtaStsCa?: string | undefined };
  readonly reports: { readonly ca?: string | undefined };
  readonly bounce: { readonly texts: readonly string[] };
  readonly limit: readonly { readonly domainFile?: string | undefined }[];
  readonly table: readonly { readonly path: string }[];
  readonly directory: readonly { readonly name: string; readonly path?: string }[];
  readonly tokenIssuer: readonly TokenFiles[];
  readonly tls: readonly {
    readonly ca?: string | undefined;
    readonly certificate?: string | undefined;
    readonly key?: string | undefined;
  }[];
  readonly credential: readonly { readonly secret: { readonly kind: string; readonly path?: string } }[];
  readonly stage: readonly {
    readonly kind: string;
    readonly plugins?: string;
    readonly file?: string;
    readonly passwordFile?: string | undefined;
  }[];
  readonly tap: readonly { readonly file?: string | undefined }[];
  readonly certificate: readonly { readonly chain: string; readonly key: string }[];
  readonly srs: { readonly secretFile: string } | undefined;
  readonly log: { readonly file?: string | undefined };
}

/** The files, folders and sockets that Sluice creates in the folder of its spool. */
const namesInSpool: ReadonlySet<string> = new Set([
  'segments',
  'large',
  'journal',
  'damaged',
  'tls',
  'crash',
  'keys',
  'plugins',
  'format',
  'lock.sock',
  'bus.sock',
  'syslog.pipe',
  'greylist.sqlite',
  'greylist.sqlite-wal',
  'greylist.sqlite-shm',
  'greylist.sqlite.damaged',
]);
/** Files of state there, with what is written before they are replaced, and with those that could not be read. */
const stateFile =
  /^(?:holds|(?:overrides|rates|queues|clock|mta-sts|tls-reports|reports|dmarc-[0-3]|pipelining)\.json)(?:\.copy|\.new|\.unreadable-.*)?$/u;
/** The sockets that its processes create there (process/running/life-sign.ts). */
const lifeSign = /^(manager|receiver|sender|keys|control)-\d+\.sock$/u;

/** All conflicts. Each is reported at the key that comes later in the documentation. */
export function pathProblems(config: Paths): ConfigWarning[] {
  const all = namedPaths(config);
  const found: ConfigWarning[] = [];
  const spool = realPlace(config.spool);
  for (const [index, each] of all.entries()) {
    const other = all.slice(0, index).find((before) => collides(before, each));
    if (other !== undefined) found.push({ path: each.path, message: collisionText(each, other) });
    else if (isSpoolName(each, spool)) {
      const message = `${each.place} is a name that the spool uses itself; choose one outside of the folder of spool`;
      found.push({ path: each.path, message });
    }
  }
  return found;
}

/** The configuration file comes first, so that a conflict with it is reported at a key, which can be changed. */
function namedPaths({
  file,
  fragments,
  spool,
  queues,
  controlSocket,
  submissionSocket,
  control,
  log,
  receive,
  deliver,
  bounce,
  reports,
  limit,
  table,
  directory,
  tokenIssuer,
  stage,
  tap,
  tls,
  certificate,
  srs,
}: Paths): NamedPath[] {
  const given: readonly (readonly [Path, NamedPath['kind'], string | undefined])[] = [
    [[], 'input', file],
    ...fragments.map((fragment) => [[], 'input', fragment] as const),
    [['spool'], 'folder', spool],
    ...queues.map(({ name, path }) => [['queues', name, 'path'], 'folder', path] as const),
    [['control_socket'], 'socket', controlSocket],
    [['submission_socket'], 'socket', submissionSocket],
    [
      ['control', 'read_only_group'],
      'socket',
      control.readOnlyGroup === undefined ? undefined : readSocketOf(controlSocket),
    ],
    [
      ['control', 'user_passwords'],
      'socket',
      control.userPasswords === true ? passwordSocketOf(controlSocket) : undefined,
    ],
    ...queueSockets({ controlSocket, queues }).map(
      ({ queue, key, path }) => [['queues', queue, key], 'socket', path] as const,
    ),
    [['receive', 'relay_domains_file'], 'input', receive.relayDomainsFile],
    ...limit.map(({ domainFile }, index) => [['limit', index, 'domain_file'], 'input', domainFile] as const),
    ...table.map(({ path }, index) => [['table', index, 'path'], 'input', path] as const),
    ...directory.map(({ path }, index) => [['directory', index, 'path'], 'input', path] as const),
    ...tokenIssuer.flatMap(
      ({ ca, check }, index) =>
        [
          [['token_issuer', index, 'jwks_file'], 'input', check.place?.path],
          [['token_issuer', index, 'client_secret_file'], 'input', check.secret?.path],
          [['token_issuer', index, 'ca'], 'input', ca],
        ] as const,
    ),
    ...tap.map(({ file: path }, index) => [['tap', index, 'file'], 'input', path] as const),
    ...stage.map(({ plugins: path }, index) => [['stage', index, 'plugins'], 'input', path] as const),
    ...stage.map(
      ({ passwordFile: path }, index) => [['stage', index, 'password_file'], 'input', path] as const,
    ),
    ...stage.map(({ file: path }, index) => [['stage', index, 'file'], 'input', path] as const),
    [['srs', 'secret_file'], 'input', srs?.secretFile],
    [['deliver', 'mta_sts_ca'], 'input', deliver.mtaStsCa],
    [['reports', 'ca'], 'input', reports.ca],
    ...bounce.texts.map((path, index) => [['bounce', 'texts', index], 'input', path] as const),
    ...tls.map(({ ca }, index) => [['tls', index, 'ca'], 'input', ca] as const),
    ...tls.map(({ certificate: chain }, index) => [['tls', index, 'certificate'], 'input', chain] as const),
    ...tls.map(({ key }, index) => [['tls', index, 'key'], 'input', key] as const),
    ...certificate.map(({ chain }, index) => [['certificate', index, 'chain'], 'input', chain] as const),
    ...certificate.map(({ key }, index) => [['certificate', index, 'key'], 'input', key] as const),
    [['log', 'file'], 'log', log.file],
  ];
  return given.flatMap(([path, kind, place]) =>
    // Several keys may name the same device: /dev/null is an empty list as well.
    place === undefined || place.startsWith('/dev/') ? [] : [{ path, kind, place: realPlace(place) }],
  );
}

function collides(a: NamedPath, b: NamedPath): boolean {
  if (a.kind === 'input' && b.kind === 'input') return false;
  return a.place === b.place || leadsThrough(a, b) || leadsThrough(b, a);
}

/** Nothing can be below a socket or a file. If the place is a folder already, `sluice check` reports that for its own key. */
function leadsThrough(inner: NamedPath, outer: NamedPath): boolean {
  if (outer.kind === 'folder' || !isBelow(inner.place, outer.place)) return false;
  try {
    return !statSync(outer.place).isDirectory();
  } catch {
    return true; // it does not exist yet
  }
}

function isBelow(inner: string, outer: string): boolean {
  return inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}

function isSpoolName({ kind, place }: NamedPath, spool: string): boolean {
  if (kind === 'folder' || !isBelow(place, spool)) return false;
  const [first = ''] = place.slice(join(spool, sep).length).split(sep);
  return namesInSpool.has(first) || stateFile.test(first) || lifeSign.test(first);
}

function collisionText(each: NamedPath, other: NamedPath): string {
  const name = other.path.length === 0 ? 'the configuration file' : keyText(other.path);
  if (each.place === other.place) return `${each.place} is also ${name}; give each a path of its own`;
  return leadsThrough(each, other)
    ? `${each.place} is below ${name}, which is not a folder`
    : `${other.place}, which is ${name}, is below this path, which is not a folder`;
}

/** Follows symbolic links in the part of the path that exists. */
function realPlace(path: string): string {
  let existing = path;
  let rest = '';
  for (;;) {
    try {
      return join(realpathSync(existing), rest);
    } catch {
      if (dirname(existing) === existing) return path;
      rest = join(basename(existing), rest);
      existing = dirname(existing);
    }
  }
}
