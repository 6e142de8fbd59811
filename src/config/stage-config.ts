// One [[stage]] as the rest of Sluice sees it: all paths are absolute.

import { dirname, resolve } from 'node:path';

import type { z } from 'zod';

import type { CheckFileName } from '../values/check-file-name.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { configuredStages } from './schema/stage.ts';

type FileStage = DeepReadonly<CamelKeys<z.output<typeof configuredStages>>>[number];

type FileStageOf<Kind extends FileStage['kind']> = Extract<FileStage, { readonly kind: Kind }>;

export type QmailSppStageConfig = Omit<FileStageOf<'qmail-spp'>, 'environment'> & {
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
};

export type MilterStageConfig = FileStageOf<'milter'>;

export type GreylistStageConfig = FileStageOf<'greylist'>;
export type OwnDomainsStageConfig = FileStageOf<'own-domains'>;
export type RatesStageConfig = FileStageOf<'rates'>;
export type ContentChecksStageConfig = FileStageOf<'content-checks'>;
export type ContentFilterConfig = FileStageOf<'content-filter'>;

export type ClamdStageConfig = FileStageOf<'clamd'>;

export type PolicyServerConfig = FileStageOf<'policy-server'>;
export type RspamdStageConfig = FileStageOf<'rspamd'>;

export type OpensmtpdFilterConfig = Omit<FileStageOf<'opensmtpd-filter'>, 'environment'> & {
  readonly environment: Readonly<Record<string, string>>;
};

export type PluginStageConfig = Omit<FileStageOf<'plugin'>, 'options' | 'incoming'> & {
  readonly options: Readonly<Record<string, unknown>>;
  readonly incoming: boolean;
};

export type ClientChecksStageConfig = FileStageOf<'client-checks'>;

export type GreetingStageConfig = FileStageOf<'greeting'>;

export type TarpitStageConfig = FileStageOf<'tarpit'>;

export type DnsListsStageConfig = FileStageOf<'dns-lists'>;

/** One of each kind. */
export type StageConfig = QmailSppStageConfig | PluginStageConfig | OpensmtpdFilterConfig | AsInFile;

/** Of the other kinds, nothing is changed. */
type AsInFile = Exclude<FileStage, { readonly kind: 'qmail-spp' | 'plugin' | 'opensmtpd-filter' }>;

/** @param folder - where a relative path starts */
export function toStageConfig(stage: FileStage, folder: string): StageConfig {
  switch (stage.kind) {
    case 'qmail-spp': {
      const plugins = resolve(folder, stage.plugins);
      const home = stage.home === undefined ? dirname(dirname(plugins)) : resolve(folder, stage.home);
      return { ...stage, plugins, home, environment: Object.fromEntries(stage.environment ?? []) };
    }
    case 'content-checks': {
      const from = (name: CheckFileName): CheckFileName => ({ ...name, path: resolve(folder, name.path) });
      return {
        ...stage,
        headerChecks: stage.headerChecks.map(from),
        mimeHeaderChecks: stage.mimeHeaderChecks?.map(from),
        nestedHeaderChecks: stage.nestedHeaderChecks?.map(from),
        bodyChecks: stage.bodyChecks.map(from),
      };
    }
    case 'opensmtpd-filter':
      return { ...stage, environment: Object.fromEntries(stage.environment ?? []) };
    case 'plugin':
      return {
        ...stage,
        file: resolve(folder, stage.file),
        options: Object.fromEntries(stage.options ?? []),
        incoming: stage.incoming ?? stage.delivery.length === 0,
      };
    case 'rspamd': {
      const { passwordFile: file } = stage;
      return file === undefined ? stage : { ...stage, passwordFile: resolve(folder, file) };
    }
    default:
      return stage;
  }
}
