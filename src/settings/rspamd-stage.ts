// From [[stage]] of kind "rspamd" to a stage.

import type { RspamdStageConfig } from '../config/stage-config.ts';
import type { ClientNames } from '../policy/client-names.ts';
import { FollowedFile } from '../policy/followed-file.ts';
import { RspamdPost } from '../policy/rspamd/post.ts';
import { RspamdStage } from '../policy/rspamd/rspamd-stage.ts';
import { parseServiceAddress } from '../values/service-address.ts';
import { scannerStage, type ScannerSurroundings } from './scanner-stage.ts';

const mostPasswordBytes = 4096;

export function rspamdStage(
  config: RspamdStageConfig,
  hostname: string,
  surroundings: ScannerSurroundings & { readonly names: Pick<ClientNames, 'of'> },
): RspamdStage {
  const { onFailure, onTooLarge = onFailure, settingsId, flags, passAll } = config;
  return new RspamdStage({
    ...scannerStage(config, surroundings),
    post: new RspamdPost(parseServiceAddress(config.address, 'rspamd')),
    settings: { mtaName: hostname, settingsId, flags, passAll },
    password: passwordOf(config.passwordFile),
    names: config.clientNames ? surroundings.names : undefined,
    maxSizeBytes: config.maxSize,
    onTooLarge: onTooLarge === 'disconnect' ? 'tempfail' : onTooLarge,
    onSpam: config.onSpam,
    onReject: config.onReject,
  });
}

function passwordOf(path: string | undefined): () => Promise<string | undefined> {
  if (path === undefined) return async () => undefined;
  const file = new FollowedFile({
    path,
    mostBytes: mostPasswordBytes,
    lookEveryMs: 1000,
    parse: (text) => text.replace(/\r?\n[^]*$/u, ''),
    nowMs: () => performance.now(),
  });
  return async () => file.content();
}
