// The kernel's tables of TCP sockets (/proc/net/tcp and tcp6; proc_net_tcp(5)), read as text.

export interface ListenedPort {
  readonly port: number;
  readonly inode: string;
}

/** States of connections, as the tables write them. */
const states = { timeWait: '06', listen: '0A' } as const;

interface Row {
  readonly port: number;
  readonly state: string;
  readonly inode: string;
}

function* rowsIn(table: string): Iterable<Row> {
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/u);
    const port = Number.parseInt(local.split(':')[1] ?? '', 16);
    if (Number.isInteger(port)) yield { port, state, inode };
  }
}

export function listenedPorts(table: string): readonly ListenedPort[] {
  return [...rowsIn(table)].flatMap(({ port, state, inode }) =>
    state === states.listen ? [{ port, inode }] : [],
  );
}

/** Connections in TIME_WAIT with an own port of the range. */
export function closingIn(table: string, range: { readonly first: number; readonly last: number }): number {
  let count = 0;
  for (const { port, state } of rowsIn(table))
    if (state === states.timeWait && port >= range.first && port <= range.last) count++;
  return count;
}
