// The control sockets of operators of one queue.

import { queueSocketOf } from '../values/control-sockets.ts';

/** What says who they are. */
interface Operated {
  readonly controlSocket: string;
  readonly queues: readonly {
    readonly name: string;
    readonly operatorGroup?: string | undefined;
    readonly operatorReadOnlyGroup?: string | undefined;
  }[];
}

export interface QueueSocket {
  readonly queue: string;
  readonly rights: 'read' | 'change';
  readonly group: string;
  readonly path: string;
  /** The key that asks for it, in the [queues.NAME]. */
  readonly key: 'operator_group' | 'operator_read_only_group';
}

/** In the order of the file; none where no queue has operators of its own. */
export function queueSockets({ controlSocket, queues }: Operated): readonly QueueSocket[] {
  return queues.flatMap(({ name: queue, operatorGroup, operatorReadOnlyGroup }) => {
    const sockets = [
      ['operator_group', 'change', operatorGroup],
      ['operator_read_only_group', 'read', operatorReadOnlyGroup],
    ] as const;
    return sockets.flatMap(([key, rights, group]) =>
      group === undefined
        ? []
        : [{ queue, rights, group, path: queueSocketOf(controlSocket, queue, rights), key }],
    );
  });
}
