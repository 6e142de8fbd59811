// The stages that decide about mail, in the order in which they are asked. This is the one place where they are chosen.

import type { Config } from '../config/config.ts';
import type { StageEntry } from '../policy/pipelines.ts';
import type { RelayPolicy } from '../policy/relay-policy.ts';
import { RelayStage } from '../policy/stages/relay-stage.ts';
import { TenantStage } from '../policy/stages/tenant-stage.ts';
import type { Tenants } from '../policy/tenants.ts';

export function stages(config: Config, relay: RelayPolicy, tenants: Tenants): readonly StageEntry[] {
  const { hostname, bounce } = config;
  return [{ stage: new TenantStage(tenants) }, { stage: new RelayStage(relay, hostname, bounce.postmaster) }];
}
