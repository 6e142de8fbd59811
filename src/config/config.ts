// The configuration as the rest of Sluice sees it: plain, deeply readonly values (milliseconds, bytes, parsed addresses).
// It comes from one TOML file by the schema in schema/; names are those of the file, in camelCase.

import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import { camelKeys, type CamelKeys } from './camel-case.ts';
import { ConfigError } from './read/config-error.ts';
import { pathProblems } from './problems/paths-together.ts';
import { problem, problemsOf } from './problems/problems.ts';
import { keysSocketProblems, socketPathProblems } from './problems/socket-paths.ts';
import { root } from './schema/root.ts';
import { systemHostname } from './read/system-hostname.ts';
import {
  noSupplement,
  type OnFileRead,
  readSupplement,
  type Supplement,
  withOrigins,
} from './read/supplement.ts';
import { readConfigFiles } from './read/config-files.ts';
import { readToml, type TomlSource } from './read/toml.ts';
import type { OwnTexts } from '../values/report-texts.ts';
import { fromWorkingFolder } from './read/working-folder.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import { type BounceConfig, toBounceConfig } from './bounce-config.ts';
import { readReportTexts } from './report-texts-file.ts';
import { type CredentialConfig, toCredentialConfig } from './credential-config.ts';
import { type CertificateConfig, toCertificateConfig } from './certificate-config.ts';
import { type LimitConfig, toLimitConfig } from './limit-config.ts';
import { type ListenConfig, toListenConfig } from './listen-config.ts';
import { toDestinations, type WithDestinations } from './destinations-config.ts';
import { type DirectoryConfig, toDirectoryConfig } from './directory-config.ts';
import { type LoginConfig, toLoginConfig } from './login-config.ts';
import { toOtherServers, type WithOtherServers } from './other-servers.ts';
import { dkimDomainKeys, type SigningKeyConfig, toSigningKeyConfig } from './signing-key-config.ts';
import { type ReceiveConfig, toReceiveConfig } from './receive-config.ts';
import { type ReportsConfig, toReportsConfig } from './reports-config.ts';
import { toRewrites, type WithRewrites } from './rewrite-config.ts';
import { type SourceConfig, toSourceConfig } from './source-config.ts';
import { type StageConfig, toStageConfig } from './stage-config.ts';
import { type CrashConfig, toCrashConfig } from './crash-config.ts';
import { type TlsConfig, toTlsConfig } from './tls-config.ts';
import { toQueues, type WithQueues } from './queues-config.ts';
import { toSchedules, type WithSchedules } from './schedule-config.ts';
import { toSrs, type WithSrs } from './srs-config.ts';
import { type TapConfig, toTapConfig } from './tap-config.ts';
import { toVerificationConfig, type VerificationConfig } from './verification-config.ts';
import { type TokenIssuerConfig, toTokenIssuerConfig } from './token-issuer-config.ts';

/** The content of the file with defaults, except those that depend on the machine or on other keys. */
type FileConfig = DeepReadonly<CamelKeys<z.output<typeof root>>>;

/** The keys of [users]: undefined where the process has the user of `user`. */
export type UsersConfig = FileConfig['users'];
/** The keys of [processes]. */
export type ProcessesConfig = FileConfig['processes'];
/** The keys of [pop3]. */
export type Pop3Config = FileConfig['pop3'];
/** The keys of [clients]; without `rules`, there are none. */
export type ClientsConfig = FileConfig['clients'];
/** The keys of [queue]. */
export type QueueConfig = FileConfig['queue'];
/** The keys of [deliver]. */
export type DeliverConfig = Omit<FileConfig['deliver'], 'heloName'> & {
  readonly heloName: string;
  /** The text of `mtaStsCa`: certificates in PEM; empty without one. */
  readonly mtaStsAuthorities: string;
};
/** The keys of [dns]; without `servers`, those of the system are asked. */
export type DnsConfig = FileConfig['dns'];
/** The keys of [control]: groups of operators. */
export type ControlConfig = FileConfig['control'];
/** The keys of [log]; without `file`, the log goes to standard output. */
export type LogConfig = FileConfig['log'];
/** The keys of [stop]. */
export type StopConfig = FileConfig['stop'];

export type { CrashConfig } from './crash-config.ts';
export type { ReceiveConfig } from './receive-config.ts';
export type { TlsConfig } from './tls-config.ts';
export type { LimitConfig } from './limit-config.ts';
export type { CredentialConfig } from './credential-config.ts';
export type { RouteConfig } from './route-config.ts';
export type { CallAheadConfig, RecipientsConfig } from './recipients-config.ts';
export type { SourceConfig } from './source-config.ts';

type FileTenant = FileConfig['tenant'][number];
/** One [[tenant]]. A message belongs to the first that matches it. */
export type TenantConfig = Omit<FileTenant, 'sender' | 'client'> & {
  /** Empty: any sender. */
  readonly sender: NonNullable<FileTenant['sender']>;
  /** Empty: any client, and programs of this host. When there is `sender` as well, both must match. */
  readonly client: NonNullable<FileTenant['client']>;
};

/** One [[sending_limit]]; an empty list of rates is "unlimited". */
export type SendingLimitConfig = FileConfig['sendingLimit'][number] & {
  /** `FILE:LINE`, the file without its folder. */
  readonly origin: string;
};

/** The keys of [adapt]. */
export type AdaptConfig = FileConfig['adapt'];

type FileReaction = FileConfig['reaction'][number];
/** One [[reaction]]; `for` in ms. */
export type ReactionConfig = FileReaction & {
  /** `FILE:LINE`, the file without its folder. */
  readonly origin: string;
};
/** The whole configuration. All paths are absolute. */
export interface Config
  extends
    VerificationConfig,
    WithSrs,
    WithRewrites,
    WithSchedules,
    WithQueues,
    WithOtherServers,
    WithDestinations {
  /** The file it came from; undefined for the defaults. */
  readonly file: string | undefined;
  /** The files of its conf.d, in order. */
  readonly fragments: readonly string[];
  readonly hostname: string;
  readonly spool: string;
  readonly controlSocket: string;
  readonly submissionSocket: string;
  readonly control: ControlConfig;
  /** The user to run as when root starts Sluice; undefined: that of the caller. */
  readonly user: string | undefined;
  readonly users: UsersConfig;
  readonly processes: ProcessesConfig;
  readonly listen: readonly ListenConfig[];
  /** In the order of the file: the first is the default. Empty: Sluice makes one itself. */
  readonly certificate: readonly CertificateConfig[];
  readonly receive: ReceiveConfig;
  readonly pop3: Pop3Config;
  readonly clients: ClientsConfig;
  readonly queue: QueueConfig;
  readonly quarantine: FileConfig['quarantine'];
  /** Without a table, nothing is special about any domain. */
  readonly provisioning: FileConfig['provisioning'];
  readonly deliver: DeliverConfig;
  readonly dns: DnsConfig;
  readonly credential: readonly CredentialConfig[];
  readonly tls: readonly TlsConfig[];
  /** In the order of the file. */
  readonly tenant: readonly TenantConfig[];
  /** Asked in the order of the file. Empty: there is no directory. */
  readonly directory: readonly DirectoryConfig[];
  readonly login: LoginConfig;
  /** Whose tokens users may log in with. Empty: no tokens are taken. */
  readonly tokenIssuer: readonly TokenIssuerConfig[];
  /** Those of [[signing_key]], then those of `dkimdomains`. Empty: nothing is signed. */
  readonly signingKey: readonly SigningKeyConfig[];
  readonly stage: readonly StageConfig[];
  readonly tap: readonly TapConfig[];
  /** Empty: the system chooses. */
  readonly source: readonly SourceConfig[];
  readonly limit: readonly LimitConfig[];
  readonly sendingLimit: readonly SendingLimitConfig[];
  readonly adapt: AdaptConfig;
  readonly reaction: readonly ReactionConfig[];
  readonly bounce: BounceConfig;
  readonly reports: ReportsConfig;
  readonly log: LogConfig;
  readonly statistics: FileConfig['statistics'];
  readonly stop: StopConfig;
  readonly crash: CrashConfig;
}

/**
 * Reads and checks a configuration file, with its fragments.
 * @param onFileRead - is called for this file, for its fragments, and for each that they name
 * @throws {ConfigError} with every problem found, or when the file cannot be read.
 */
export function loadConfig(path: string, onFileRead: OnFileRead = () => undefined): Config {
  const { source, fragments } = readConfigFiles(path, onFileRead);
  return buildConfig(source, fromWorkingFolder(path), fragments, onFileRead);
}

/**
 * Checks a configuration given as text.
 * @param fileName - for messages; relative paths start at its folder
 * @throws {ConfigError} with every problem found.
 */
export function parseConfig(text: string, fileName: string): Config {
  return buildConfig(readToml(text, fileName), fromWorkingFolder(fileName), []);
}

/** The configuration without a file: loopback, unprivileged ports, everything under ./var. */
export function defaultConfig(): Config {
  const from = { file: undefined, fragments: [], folder: fromWorkingFolder('.'), ownTexts: [] };
  return completeConfig(camelKeys(root.parse({})), from, noSupplement);
}

function buildConfig(
  source: TomlSource,
  file: string,
  fragments: readonly string[],
  onFileRead: OnFileRead = () => undefined,
): Config {
  // Once in the life of most processes: to compile the schema would take longer than to read by it.
  const parsed = root.safeParse(source.value, { jitless: true });
  if (!parsed.success) throw new ConfigError(problemsOf(parsed.error.issues, source));
  const content = camelKeys(parsed.data);
  const folder = dirname(file);
  const supplement = readSupplement(content, source, folder, onFileRead);
  const ownTexts = readReportTexts(content.bounce.texts, { source, folder, onFileRead });
  const config = completeConfig(content, { file, fragments, folder, ownTexts }, supplement);
  const problems = [
    ...pathProblems(config),
    ...socketPathProblems(config.listen),
    ...keysSocketProblems(config.spool, [...config.directory, ...config.signingKey]),
  ];
  if (problems.length === 0) return config;
  throw new ConfigError(
    problems.map(({ path, message }) => problem(path, source.placeOfValue(path), message, source)),
  );
}

type ConfigPlace = Pick<Config, 'file' | 'fragments'> & {
  readonly folder: string;
  readonly ownTexts: readonly OwnTexts[];
};

/** Adds the defaults that depend on the machine and on other keys, and makes paths absolute. */
function completeConfig(
  content: FileConfig,
  { file, fragments, folder, ownTexts }: ConfigPlace,
  supplement: Supplement,
): Config {
  const hostname = content.hostname ?? systemHostname();
  const directory = content.directory.map((each) => toDirectoryConfig(each, folder));
  const controlSocket = resolve(folder, content.controlSocket);
  const spool = resolve(folder, content.spool);
  const { deliver, log } = content;
  const besideControl = join(dirname(controlSocket), 'submit.sock');
  return {
    file,
    fragments,
    hostname,
    spool,
    controlSocket,
    submissionSocket: resolve(folder, content.submissionSocket ?? besideControl),
    control: content.control,
    user: content.user,
    users: content.users,
    processes: content.processes,
    listen: content.listen.map((each) => toListenConfig(each, folder, content.directory.length > 0)),
    certificate: content.certificate.map((each) => toCertificateConfig(each, folder)),
    receive: toReceiveConfig(content.receive, folder, supplement),
    pop3: content.pop3,
    clients: content.clients,
    queue: content.queue,
    ...toQueues(content, spool, folder),
    quarantine: content.quarantine,
    provisioning: content.provisioning,
    deliver: {
      ...deliver,
      heloName: deliver.heloName ?? hostname,
      ...(deliver.mtaStsCa !== undefined && { mtaStsCa: resolve(folder, deliver.mtaStsCa) }),
      mtaStsAuthorities: supplement.mtaStsAuthorities,
    },
    dns: content.dns,
    ...toDestinations(content, folder),
    credential: content.credential.map((each) => toCredentialConfig(each, folder)),
    tls: content.tls.map((rule, index) => toTlsConfig(rule, folder, supplement.tlsAuthorities[index] ?? '')),
    ...toOtherServers(content),
    tenant: content.tenant.map(({ sender = [], client = [], ...rest }) => ({ ...rest, sender, client })),
    directory,
    login: toLoginConfig(content.login, directory),
    tokenIssuer: content.tokenIssuer.map((each) => toTokenIssuerConfig(each, folder)),
    signingKey: [
      ...content.signingKey.map((each, index) => toSigningKeyConfig(each, index, folder)),
      ...dkimDomainKeys(content.signing, supplement.dkimDomains, folder),
    ],
    ...toSrs(content.srs, folder),
    schedule: toSchedules(withOrigins(content.schedule, 'schedule', supplement)),
    stage: content.stage.map((each) => toStageConfig(each, folder)),
    tap: content.tap.map((each) => toTapConfig(each, folder)),
    ...toVerificationConfig(content, hostname),
    ...toRewrites(content.rewrite, hostname),
    source: content.source.map((each) => toSourceConfig(each, deliver.heloName ?? hostname)),
    limit: content.limit.map((limit, index) => ({
      ...toLimitConfig(limit, folder, supplement.limitDomains[index] ?? []),
      origin: supplement.originOf('limit', index),
    })),
    sendingLimit: withOrigins(content.sendingLimit, 'sending_limit', supplement),
    adapt: content.adapt,
    reaction: withOrigins(content.reaction, 'reaction', supplement),
    bounce: toBounceConfig(content.bounce, hostname, folder, ownTexts),
    reports: toReportsConfig(content.reports, folder, supplement.reportsAuthorities),
    log: { ...log, ...(log.file !== undefined && { file: resolve(folder, log.file) }) },
    statistics: content.statistics,
    stop: content.stop,
    crash: toCrashConfig(content.crash, spool, folder),
  };
}
