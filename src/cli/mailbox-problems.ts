// What is wrong around mailboxes and quotas, for `sluice check`: a folder that is missing, and quotas that no disk could hold.

import { statSync, statfsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { mailboxBase } from '../values/mailbox-path.ts';
import { formatSize, roundedSize } from '../values/size.ts';

/** Bytes of the disk that a folder is on; undefined where nobody can tell. */
export type DiskSize = (folder: string) => number | undefined;

type Mail = Pick<Config, 'mailboxes' | 'queue' | 'route' | 'spool' | 'tenant'>;

export function mailboxProblems(config: Mail, diskSize: DiskSize = sizeOfDisk): readonly ConfigWarning[] {
  return [...ofMailboxes(config, diskSize), ...ofQueue(config, diskSize), ...ofTenants(config)];
}

function ofMailboxes({ mailboxes, route, tenant }: Mail, diskSize: DiskSize): readonly ConfigWarning[] {
  if (!route.some(({ kind }) => kind === 'mailbox')) return [];
  const base = mailboxBase(mailboxes.path);
  const why = whyNoFolder(base);
  if (why !== undefined) {
    const advice =
      'mail for mailboxes below it waits. Make it for the user of the sender processes, or mount its disk';
    return [{ path: ['mailboxes', 'path'], message: `${base} ${why}: ${advice}` }];
  }
  const { quota, shared } = mailboxes;
  return tooLarge(base, diskSize, [
    [['mailboxes', 'quota'], quota.bytes],
    [['mailboxes', 'domain_quota'], shared?.domain.bytes],
    ...tenant.map(({ mailboxQuota }, index) => [['tenant', index, 'mailbox_quota'], mailboxQuota] as const),
  ]);
}

function ofQueue({ queue, spool, tenant }: Mail, diskSize: DiskSize): readonly ConfigWarning[] {
  return tooLarge(spool, diskSize, [
    [['queue', 'tenant_max_size'], queue.tenantMaxSize],
    ...tenant.map(({ queueMaxSize }, index) => [['tenant', index, 'queue_max_size'], queueMaxSize] as const),
  ]);
}

/** Mailboxes belong to a tenant by their users. */
function ofTenants({ tenant }: Mail): readonly ConfigWarning[] {
  return tenant.flatMap(({ user = [], mailboxQuota, mailboxQuotaMessages }, index) => {
    if (user.length > 0 || (mailboxQuota === undefined && mailboxQuotaMessages === undefined)) return [];
    const key = mailboxQuota === undefined ? 'mailbox_quota_messages' : 'mailbox_quota';
    const message = 'is for no mailbox: the tenant has those of its users, and no "user" names any';
    return [{ path: ['tenant', index, key], message }];
  });
}

type Quota = readonly [path: ConfigWarning['path'], bytes: number | undefined];

function tooLarge(folder: string, diskSize: DiskSize, quotas: readonly Quota[]): readonly ConfigWarning[] {
  const given = quotas.filter(([, bytes]) => bytes !== undefined);
  const size = given.length === 0 ? undefined : diskSize(folder);
  if (size === undefined) return [];
  return given.flatMap(([path, bytes = 0]) =>
    bytes <= size
      ? []
      : [
          {
            path,
            message: `${formatSize(bytes)} is more than the whole disk of ${folder} has (${roundedSize(size)}), so the disk will be full before`,
          },
        ],
  );
}

function whyNoFolder(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : 'is no folder';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another user than the present one may be allowed to look.
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'is not there' : undefined;
  }
}

function sizeOfDisk(folder: string): number | undefined {
  try {
    const { blocks, bsize } = statfsSync(folder);
    return blocks === 0 ? undefined : blocks * bsize;
  } catch {
    return undefined;
  }
}
