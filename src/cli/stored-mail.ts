// Where a command reads messages from: the spool, or the running Sluice where there is no spool that this user may read. The
// rights at the control socket decide then.

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Places } from '../config/salvage-places.ts';
import { controlRequest } from '../control/control-client.ts';
import { openSalvagers } from '../spool/open.ts';
import { isDenied, systemCode } from '../spool/spool-error.ts';
import type { StoredRef } from '../spool/types.ts';

/** The readable parts of a message. */
export interface ReadableMessage {
  /** Undefined when it is damaged. */
  readonly envelope: object | undefined;
  /** Sentences that tell what is damaged or missing; complete when the stream has ended. */
  readonly faults: readonly string[];
  stream(): AsyncIterable<Uint8Array>;
}

export interface StoredMail {
  salvage(queueId: string, ref: StoredRef): Promise<ReadableMessage>;
  close(): void;
}

export function openStoredMail({ controlSocket, spool, queues }: Places): StoredMail {
  if (!mayRead(spool)) return mailOfRunning(controlSocket);
  return openSalvagers([spool, ...queues.map(({ path }) => path)]);
}

function mayRead(spool: string): boolean {
  try {
    accessSync(join(spool, 'segments'), constants.R_OK | constants.X_OK);
    return true;
  } catch (error) {
    // Operators of one queue have a configuration that names no spool. Whatever else is wrong with one is told when it is read.
    return !isDenied(error) && systemCode(error) !== 'ENOENT';
  }
}

function mailOfRunning(controlSocket: string): StoredMail {
  return {
    salvage: async (queueId, ref) => {
      const parts = controlRequest(controlSocket, { operation: 'queue.content', queueId, ref });
      const faults: string[] = [];
      const first = await parts.next();
      const json = first.done !== true && first.value.kind === 'envelope' ? first.value.json : null;
      const stream = async function* (): AsyncGenerator<Uint8Array> {
        for (;;) {
          const next = await parts.next();
          if (next.done === true) {
            faults.push(...next.value.faults);
            return;
          }
          if (next.value.kind === 'bytes') yield Buffer.from(next.value.base64, 'base64');
        }
      };
      const envelope: unknown = json === null ? undefined : JSON.parse(json);
      return {
        envelope: typeof envelope === 'object' && envelope !== null ? envelope : undefined,
        faults,
        stream,
      };
    },
    close: () => undefined,
  };
}
