// Plays the service manager: listens on a datagram socket as systemd does (sd_notify(3)), and keeps what comes, and from which process.
// A Python program does it, since Node has no datagram sockets of this kind.

import { join } from 'node:path';
import type { Ground, Program } from './ground.ts';

/** One message: its assignments, and the process that sent it. */
export interface Notified {
  readonly pid: number;
  readonly lines: readonly string[];
}

export interface ServiceManager {
  /** The path for NOTIFY_SOCKET. */
  readonly socket: string;
  /** What has come so far. */
  messages(): readonly Notified[];
  /** Waits for a message with this line, from a message on. Returns the number of the next one. */
  line(line: string | RegExp, from?: number): Promise<number>;
}

const listener = `
import array, json, os, socket, struct, sys
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
listening.bind(sys.argv[1])
print('listening', flush=True)
while True:
    data, ancillary, _, _ = listening.recvmsg(65536, 1024)
    pid = 0
    for _, kind, value in ancillary:
        if kind == socket.SCM_CREDENTIALS:
            pid = struct.unpack('3i', value)[0]
        else: # systemd-notify waits until this descriptor is closed
            for descriptor in array.array('i', value):
                os.close(descriptor)
    print('message ' + json.dumps({'pid': pid, 'lines': data.decode().split('\\n')}), flush=True)
`;

export async function startServiceManager(ground: Ground): Promise<ServiceManager> {
  const socket = join(ground.folder('service-manager'), 'notify');
  const program = ground.start('service manager', 'python3', ['-c', listener, socket]);
  await program.line(/^listening$/mu);
  const manager: ServiceManager = {
    socket,
    messages: () => messagesOf(program),
    line: async (line, from = 0) => {
      const fits = (each: string) => (typeof line === 'string' ? each === line : line.test(each));
      for (;;) {
        const all = messagesOf(program);
        const at = all.findIndex(({ lines }, index) => index >= from && lines.some(fits));
        if (at !== -1) return at + 1;
        await program.line(/\n/u, program.output.length);
      }
    },
  };
  return manager;
}

function messagesOf({ output }: Program): readonly Notified[] {
  const complete = output.slice(0, output.lastIndexOf('\n') + 1).split('\n');
  return complete
    .filter((line) => line.startsWith('message '))
    .map((line) => JSON.parse(line.slice('message '.length)) as Notified);
}
