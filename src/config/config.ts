// The configuration as the rest of Sluice sees it: plain, deeply readonly values (milliseconds, bytes, parsed addresses).
// It comes from one TOML file by the schema in schema/; names are those of the file, in camelCase.

import { basename, dirname, join, resolve } from 'node:path';

import type { z } from 'zod';

import { camelKeys, type CamelKeys } from './camel-case.ts';
import { ConfigError, type ConfigProblem } from './read/config-error.ts';
import { readDomainFile } from './read/domain-file.ts';
import { pathProblems } from './problems/paths-together.ts';
import { problem, problemsOf } from './problems/problems.ts';
import { limitPers } from './schema/limit.ts';
import { root } from './schema/root.ts';
import { systemHostname } from './read/system-hostname.ts';
import { readTextFile } from './read/text-file.ts';
import { readToml, type TomlSource } from './read/toml.ts';
import { type DomainPattern, parseDomainPattern, parseRecipientDomain } from '../values/domain.ts';
import type { Network } from '../values/network.ts';
import { fromWorkingFolder } from './read/working-folder.ts';

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** The file's content with defaults, before what depends on the machine and on other keys is filled in. */
type FileConfig = DeepReadonly<CamelKeys<z.output<typeof root>>>;

/** What stands in [processes]. */
export type ProcessesConfig = FileConfig['processes'];
/** One [[listen]]. */
export type ListenConfig = FileConfig['listen'][number];
/** What stands in [receive]; `relayDomains` includes those of `relayDomainsFile`. */
export type ReceiveConfig = Omit<FileConfig['receive'], 'clientLimitsExempt'> & {
  readonly clientLimitsExempt: readonly Network[];
};
/** What stands in [queue]. */
export type QueueConfig = FileConfig['queue'];
/** What stands in [deliver]. */
export type DeliverConfig = Omit<FileConfig['deliver'], 'heloName'> & { readonly heloName: string };
/** What stands in [dns]; no `servers`: those of the system. */
export type DnsConfig = FileConfig['dns'];
/** What stands in [bounce]; no `postmaster`: double bounces are dropped. */
export type BounceConfig = Omit<FileConfig['bounce'], 'from'> & { readonly from: string };
/** What stands in [log]; no `file`: standard output. */
export type LogConfig = FileConfig['log'];
/** What stands in [stop]. */
export type StopConfig = FileConfig['stop'];

/** Where mail of one [[route]] goes. Sizes, times and names as in the file. */
export type RouteConfig = RouteMatch & RouteTarget;

type FileRoute = FileConfig['route'][number];
/** Neither domain nor sender: the default route. Never both. */
interface RouteMatch {
  readonly name?: string | undefined;
  readonly domain: NonNullable<FileRoute['domain']>;
  readonly sender: NonNullable<FileRoute['sender']>;
  readonly priority?: FileRoute['priority'];
}
type RouteTarget =
  | {
      readonly kind: 'relay';
      readonly relay: NonNullable<FileRoute['relay']>;
      readonly mode: FileRoute['mode'];
    }
  | { readonly kind: 'error'; readonly error: NonNullable<FileRoute['error']> }
  | { readonly kind: 'mx' };

type FileQuirk = FileConfig['quirk'][number];
/** One [[quirk]]: hosts by name or address, and what is not used with them. */
export interface QuirkConfig {
  readonly mx: NonNullable<FileQuirk['mx']>;
  readonly ip: NonNullable<FileQuirk['ip']>;
  readonly ignoreExtensions: FileQuirk['ignoreExtensions'];
}

type FileTenant = FileConfig['tenant'][number];
/** One [[tenant]]; the first that matches is a message's. */
export type TenantConfig = Omit<FileTenant, 'sender' | 'client'> & {
  /** Empty: any. */
  readonly sender: NonNullable<FileTenant['sender']>;
  /** Empty: any, and programs of this host too. With `sender`, both must match. */
  readonly client: NonNullable<FileTenant['client']>;
};
/** One [[source]]. */
export interface SourceConfig {
  /** In canonical text. */
  readonly address: string;
  readonly heloName: string;
}

type FileLimit = FileConfig['limit'][number];
/** One [[limit]]; quantities as in the file. */
export type LimitConfig = Omit<FileLimit, 'per' | 'domain'> & {
  /** `FILE:LINE`, the file without its folder. */
  readonly origin: string;
  /** In the order of the documentation; empty for a group. */
  readonly per: readonly (typeof limitPers)[number][];
  /** With those of `domainFile`; then it may be empty, and the limit matches nothing. */
  readonly domain?: readonly DomainPattern[];
};

/** What stands in [adapt]. */
export type AdaptConfig = FileConfig['adapt'];

type FileReaction = FileConfig['reaction'][number];
/** One [[reaction]]; `for` in ms. */
export type ReactionConfig = FileReaction & {
  /** `FILE:LINE`, the file without its folder. */
  readonly origin: string;
};
/** The whole configuration. All paths are absolute. */
export interface Config {
  /** The file it came from; undefined for the defaults. */
  readonly file: string | undefined;
  readonly hostname: string;
  readonly spool: string;
  readonly controlSocket: string;
  readonly submissionSocket: string;
  readonly processes: ProcessesConfig;
  readonly listen: readonly ListenConfig[];
  readonly receive: ReceiveConfig;
  readonly queue: QueueConfig;
  readonly deliver: DeliverConfig;
  readonly dns: DnsConfig;
  readonly route: readonly RouteConfig[];
  readonly quirk: readonly QuirkConfig[];
  /** In the order of the file. */
  readonly tenant: readonly TenantConfig[];
  /** Empty: the system chooses. */
  readonly source: readonly SourceConfig[];
  readonly limit: readonly LimitConfig[];
  readonly adapt: AdaptConfig;
  readonly reaction: readonly ReactionConfig[];
  readonly bounce: BounceConfig;
  readonly log: LogConfig;
  readonly stop: StopConfig;
}

/** Is told of each file that a configuration is read from, by its absolute path; what it throws ends the reading. */
export type FileSeen = (path: string, text: string) => void;

/**
 * Reads and checks a configuration file.
 * @param seen - is told of this file, and of each that it names
 * @throws {ConfigError} with every problem found, or when the file cannot be read.
 */
export function loadConfig(path: string, seen: FileSeen = () => undefined): Config {
  const file = fromWorkingFolder(path);
  let text: string;
  try {
    text = readTextFile(file);
  } catch (error) {
    throw ConfigError.unreadable(path, error);
  }
  seen(file, text);
  return build(text, path, file, seen);
}

/**
 * Checks a configuration given as text.
 * @param fileName For messages, and its folder for names that are not absolute.
 * @throws {ConfigError} with every problem found.
 */
export function parseConfig(text: string, fileName: string): Config {
  return build(text, fileName, fromWorkingFolder(fileName));
}

/** The configuration without a file: loopback, unprivileged ports, everything under ./var. */
export function defaultConfig(): Config {
  return fill(camelKeys(root.parse({})), undefined, fromWorkingFolder('.'), noMore);
}

/** What a configuration has beside its values: what other files hold, and where its tables stand. */
interface More {
  readonly relayDomains: readonly DomainPattern[];
  /** By the index of the [[limit]]. */
  readonly limitDomains: readonly (readonly DomainPattern[])[];
  /** `FILE:LINE` of one table of a list. */
  originOf(table: 'limit' | 'reaction', index: number): string;
}
const noMore: More = { relayDomains: [], limitDomains: [], originOf: () => '' };

function build(text: string, shownName: string, file: string, seen: FileSeen = () => undefined): Config {
  const source = readToml(text, shownName);
  const parsed = root.safeParse(source.value);
  if (!parsed.success) throw new ConfigError(problemsOf(parsed.error.issues, source));
  const content = camelKeys(parsed.data);
  const folder = dirname(file);
  const config = fill(content, file, folder, readMore(content, source, folder, seen));
  const problems = pathProblems(config);
  if (problems.length === 0) return config;
  throw new ConfigError(
    problems.map(({ path, message }) => problem(path, source.placeOfValue(path), message, source)),
  );
}

/** @throws {ConfigError} with what is wrong with the files that the configuration names. */
function readMore(content: FileConfig, source: TomlSource, folder: string, seen: FileSeen): More {
  const problems: ConfigProblem[] = [];
  const { relayDomainsFile } = content.receive;
  const relayKey = { path: ['receive', 'relay_domains_file'], source, folder, seen };
  const more: More = {
    relayDomains:
      relayDomainsFile === undefined
        ? []
        : readDomainFile(relayDomainsFile, relayKey, parseDomainPattern, problems),
    limitDomains: content.limit.map(({ domainFile }, index) => {
      const key = { path: ['limit', index, 'domain_file'], source, folder, seen };
      return domainFile === undefined ? [] : readDomainFile(domainFile, key, parseRecipientDomain, problems);
    }),
    originOf: (table, index) =>
      `${basename(source.fileName)}:${source.placeOfValue([table, index])?.line ?? 1}`,
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return more;
}

function fill(content: FileConfig, file: string | undefined, folder: string, more: More): Config {
  const hostname = content.hostname ?? systemHostname();
  const controlSocket = resolve(folder, content.controlSocket);
  const { receive, deliver, bounce, log } = content;
  return {
    file,
    hostname,
    spool: resolve(folder, content.spool),
    controlSocket,
    submissionSocket: resolve(
      folder,
      content.submissionSocket ?? join(dirname(controlSocket), 'submit.sock'),
    ),
    processes: content.processes,
    listen: content.listen,
    receive: {
      ...receive,
      relayDomains: [...receive.relayDomains, ...more.relayDomains],
      ...(receive.relayDomainsFile !== undefined && {
        relayDomainsFile: resolve(folder, receive.relayDomainsFile),
      }),
      clientLimitsExempt: receive.clientLimitsExempt ?? receive.relayNetworks,
    },
    queue: content.queue,
    deliver: { ...deliver, heloName: deliver.heloName ?? hostname },
    dns: content.dns,
    route: content.route.map(targeted),
    quirk: content.quirk.map(({ mx = [], ip = [], ignoreExtensions }) => ({ mx, ip, ignoreExtensions })),
    tenant: content.tenant.map(({ sender = [], client = [], ...rest }) => ({ ...rest, sender, client })),
    source: content.source.map((each) => ({
      address: each.address,
      heloName: each.heloName ?? deliver.heloName ?? hostname,
    })),
    limit: content.limit.map((limit, index) => ({
      ...limited(limit, folder, more.limitDomains[index] ?? []),
      origin: more.originOf('limit', index),
    })),
    adapt: content.adapt,
    reaction: content.reaction.map((reaction, index) => ({
      ...reaction,
      origin: more.originOf('reaction', index),
    })),
    bounce: { ...bounce, from: bounce.from ?? `MAILER-DAEMON@${hostname}` },
    log: { ...log, ...(log.file !== undefined && { file: resolve(folder, log.file) }) },
    stop: content.stop,
  };
}

function targeted(route: FileRoute): RouteConfig {
  const { name, domain = [], sender = [], priority } = route;
  const matched = {
    ...(name !== undefined && { name }),
    domain,
    sender,
    ...(priority !== undefined && { priority }),
  };
  if (route.relay !== undefined) return { ...matched, kind: 'relay', relay: route.relay, mode: route.mode };
  if (route.error !== undefined) return { ...matched, kind: 'error', error: route.error };
  return { ...matched, kind: 'mx' };
}

function limited(
  limit: FileLimit,
  folder: string,
  moreDomains: readonly DomainPattern[],
): Omit<LimitConfig, 'origin'> {
  const { per, domain, domainFile, ...rest } = limit;
  const given = new Set<string>([per].flat());
  return {
    ...rest,
    per: limitPers.filter((each) => given.has(each)),
    ...((domain !== undefined || domainFile !== undefined) && {
      domain: [...(domain ?? []), ...moreDomains],
    }),
    ...(domainFile !== undefined && { domainFile: resolve(folder, domainFile) }),
  };
}
