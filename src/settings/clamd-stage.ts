// From [[stage]] of kind "clamd" to a stage.

import type { ClamdStageConfig } from '../config/stage-config.ts';
import { dialService } from '../io/dial-service.ts';
import { ClamdStage } from '../policy/clamd/clamd-stage.ts';
import { parseServiceAddress } from '../values/service-address.ts';
import { scannerStage, type ScannerSurroundings } from './scanner-stage.ts';

export function clamdStage(config: ClamdStageConfig, surroundings: ScannerSurroundings): ClamdStage {
  const { onFailure, onTooLarge = onFailure } = config;
  return new ClamdStage({
    ...scannerStage(config, surroundings),
    scan: { dial: dialService, address: parseServiceAddress(config.address, 'a scanner') },
    maxSizeBytes: config.maxSize,
    onVirus: config.onVirus,
    onTooLarge: onTooLarge === 'disconnect' ? 'tempfail' : onTooLarge,
  });
}
