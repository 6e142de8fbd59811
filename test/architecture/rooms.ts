// The rooms of docs/architecture.md, top to bottom, as data: a room may import from itself and from rooms below it. Read by
// imports.test.ts. To allow a new import between rooms, change this list, and say why in the commit.

/** One line per level. Rooms on one level stand side by side: neither may import the other. */
export const levels: readonly (readonly string[])[] = [
  ['cli'],
  ['process'],
  // Above all that decides about mail, so that no decision can read a statistic.
  ['statistics'],
  ['manager'],
  ['settings'],
  ['channel'],
  ['control'],
  ['pop3', 'local'],
  ['receive', 'deliver'],
  ['front'],
  ['plugin'],
  ['policy', 'sasl'],
  ['directory'],
  ['table'],
  ['reports'],
  ['bounce'],
  ['simulate'],
  ['schedule'],
  ['route'],
  ['verification'],
  ['signing'],
  ['spf', 'dmarc', 'dkim', 'srs'],
  ['dane', 'sts'],
  ['dns'],
  ['mailbox'],
  ['spool'],
  ['message'],
  ['protocol'],
  ['instructions'],
  ['address'],
  ['log'],
  ['password', 'tls', 'crash'],
  ['io'],
  ['stats'],
  ['config'],
  ['tlsrpt'],
  ['values'],
  ['errors'],
];

/**
 * The order inside the large rooms: their inner rooms (folders) and the files between them, top to bottom. Every file and
 * folder of such a room must be in its list. Inside an inner room there is no order.
 */
export const innerLevels: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  [
    'process',
    [
      ['supervise'],
      ['roles'],
      ['running', 'watch', 'privileges', 'service'],
      ['role.ts', 'outcomes-error.ts'],
    ],
  ],
  [
    'config',
    [
      ['check', 'show'],
      ['config-source.ts', 'salvage-places.ts'],
      ['config.ts'],
      ['destinations-config.ts'],
      [
        'local-config.ts',
        'mailboxes-config.ts',
        'login-config.ts',
        'other-servers.ts',
        'recipients-config.ts',
        'report-texts-file.ts',
        'route-table-config.ts',
      ],
      [
        'problems',
        'bounce-config.ts',
        'certificate-config.ts',
        'limit-config.ts',
        'credential-config.ts',
        'listen-config.ts',
        'quirk-config.ts',
        'signing-key-config.ts',
        'reports-config.ts',
        'route-config.ts',
        'directory-config.ts',
        'stage-config.ts',
        'table-config.ts',
        'tap-config.ts',
        'tls-config.ts',
        'crash-config.ts',
        'token-issuer-config.ts',
        'verification-config.ts',
        'srs-config.ts',
        'rewrite-config.ts',
        'schedule-config.ts',
        'queues-config.ts',
        'receive-config.ts',
        'source-config.ts',
      ],
      ['way-config.ts', 'queue-sockets.ts'],
      ['file-route.ts'],
      ['schema', 'read'],
      ['built-in-limits.ts', 'camel-case.ts', 'deep-readonly.ts', 'most-processes.ts', 'version.ts'],
    ],
  ],
  [
    'spool',
    [
      ['copies'],
      ['open.ts'],
      ['open-one.ts', 'queues.ts', 'queue-readers.ts', 'queue-salvagers.ts', 'late-writer.ts'],
      ['segments', 'memory', 'bring-store.ts', 'leave-store.ts', 'store-access.ts', 'tracked-large.ts'],
      ['queue-member.ts'],
      ['store-opener.ts', 'pins.ts'],
      ['probe.ts', 'homeless-outcomes.ts', 'as-recovered.ts', 'bounded-files.ts'],
      ['file-io.ts'],
      ['file-layer.ts', 'queue-id.ts', 'types.ts'],
      ['spool-problem.ts'],
      ['spool-error.ts'],
    ],
  ],
  [
    'schedule',
    [
      ['create-scheduler.ts', 'drive.ts'],
      ['answer', 'change'],
      ['tell'],
      ['grant'],
      ['work'],
      ['reserve'],
      ['state.ts'],
      ['uncommitted.ts'],
      ['types.ts'],
      ['scheduler-config.ts'],
      ['store'],
      ['adapt', 'limits', 'times'],
      ['scheduler-error.ts'],
    ],
  ],
]);

/** Rooms that own no socket, timer, clock or file. */
export const pureRooms: ReadonlySet<string> = new Set([
  'protocol',
  'address',
  'dkim',
  'verification',
  'schedule',
  'simulate',
  'spf',
  'srs',
  'dmarc',
  'tlsrpt',
  'values',
  'instructions',
]);
/** The core modules that pure rooms may import, and the names that they may take from each. */
export const pureModules: ReadonlyMap<string, ReadonlySet<string> | 'all'> = new Map<
  string,
  ReadonlySet<string> | 'all'
>([
  ['node:assert', 'all'],
  ['node:assert/strict', 'all'],
  ['node:buffer', 'all'],
  // Functions of their arguments; none of them that makes keys or random bytes.
  [
    'node:crypto',
    new Set([
      'createHash',
      'createHmac',
      'createPublicKey',
      'createVerify',
      'timingSafeEqual',
      'verify',
      'KeyObject',
    ]),
  ],
  ['node:net', new Set(['isIP', 'isIPv4', 'isIPv6'])],
  ['node:url', 'all'],
  ['node:util', 'all'],
]);

/** One import of a source file. Paths are relative to the repository's root. */
export interface Import {
  readonly file: string;
  readonly line: number;
  /** The specifier as written: `../dns/cache.ts`, `node:fs`, `zod`. */
  readonly specifier: string;
  /** The file it names, or null for a package or a core module. */
  readonly target: string | null;
  /** The names that are taken from it; `*` is all of them. */
  readonly names: readonly string[];
}

/** The faults of all imports, one sentence each; an empty list when every import points down. */
export function brokenArrows(
  imports: readonly Import[],
  packages: ReadonlySet<string>,
  files: ReadonlySet<string>,
): string[] {
  const level = levelOf(levels);
  const broken: string[] = [];
  for (const one of imports) {
    const say = (why: string) => broken.push(`${one.file}:${one.line} imports ${one.specifier}: ${why}`);
    if (one.target !== null && !files.has(one.target)) {
      say('there is no such file');
      continue;
    }
    const from = roomOf(one.file);
    if (from === null) continue;
    const fromLevel = level.get(from);
    if (fromLevel === undefined) {
      say(`${from} is not in the list of rooms`);
      continue;
    }
    if (one.target === null) {
      const why = packageFault(one, from, packages);
      if (why !== null) say(why);
      continue;
    }
    const to = roomOf(one.target);
    if (to === null) {
      if (one.target.startsWith('src/')) say('a file outside every room');
      else say('sources import nothing outside src');
      continue;
    }
    const toLevel = level.get(to);
    if (toLevel === undefined) say(`${to} is not in the list of rooms`);
    else if (to !== from && toLevel <= fromLevel)
      say(`${to} is ${toLevel < fromLevel ? 'above' : 'beside'} ${from}`);
    else if (to === from) {
      const why = innerFault(from, one.file, one.target);
      if (why !== null) say(why);
    }
  }
  return broken;
}

/** The fault of an import inside a room that has inner rooms; null without a fault. */
function innerFault(room: string, file: string, target: string): string | null {
  const inner = innerLevels.get(room);
  if (inner === undefined) return null;
  const level = levelOf(inner);
  const [from, to] = [innerRoomOf(file), innerRoomOf(target)];
  const [fromLevel, toLevel] = [level.get(from), level.get(to)];
  if (fromLevel === undefined) return `${room}/${from} is not in the list of inner rooms`;
  if (toLevel === undefined) return `${room}/${to} is not in the list of inner rooms`;
  if (from === to || toLevel > fromLevel) return null;
  return `${room}/${to} is ${toLevel < fromLevel ? 'above' : 'beside'} ${room}/${from}`;
}

function levelOf(names: readonly (readonly string[])[]): ReadonlyMap<string, number> {
  return new Map(names.flatMap((beside, index) => beside.map((name) => [name, index] as const)));
}

function packageFault(
  { specifier, names }: Import,
  room: string,
  packages: ReadonlySet<string>,
): string | null {
  if (specifier.startsWith('node:')) {
    if (!pureRooms.has(room)) return null;
    const pure = pureModules.get(specifier);
    if (pure === 'all') return null;
    if (pure !== undefined && names.length > 0 && names.every((name) => pure.has(name))) return null;
    return `${room} is pure: no I/O, clock, timer or randomness`;
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  return packages.has(name) ? null : `${name} is not in package.json's dependencies`;
}

/** Whether a file may use only those globals that are pure. */
export function hasPureGlobals(file: string): boolean {
  return pureRooms.has(roomOf(file) ?? '');
}

export function roomOf(file: string): string | null {
  return /^src\/([^/]+)\//u.exec(file)?.[1] ?? null;
}

/** The folder, or the file itself, that a file is in below its room. */
function innerRoomOf(file: string): string {
  return file.split('/')[2] ?? '';
}

/** Every circle of files that import each other, as the path that closes it. */
export function circles(imports: readonly Import[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { file, target } of imports) {
    if (target === null) continue;
    const known = targets.get(file);
    if (known) known.push(target);
    else targets.set(file, [target]);
  }
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start !== -1) {
      found.push([...path.slice(start), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const next of targets.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of targets.keys()) visit(file);
  return found;
}
