// Probes whether a name server works: asks it for the name servers of the root, which every recursive server has at hand. Any
// answer counts, also an error.

import { randomInt } from 'node:crypto';
import * as dnsPacket from 'dns-packet';
import { sendUdp, type Transport } from './transport.ts';
import type { NameServer } from './types.ts';

/** Results of a probe; never called before `probeRoot` has returned. */
export interface ProbeEvents {
  answered(server: NameServer): void;
  /** The operating system says that this server cannot be reached. */
  unreachable(server: NameServer): void;
}

/** Asks each of these servers once. It listens until the caller closes the transports. */
export function probeRoot(servers: Iterable<NameServer>, events: ProbeEvents): Transport[] {
  const id = randomInt(0x1_0000);
  const bytes = dnsPacket.encode({
    type: 'query',
    id,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type: 'NS', name: '.', class: 'IN' }],
  });
  return Array.from(servers, (server) =>
    sendUdp(server, bytes, {
      message: (message) => {
        // The socket hears only this server; any response to the question will do (QR bit: RFC 1035 4.1.1).
        const isAnswer = message.length >= 12 && message.readUInt16BE(0) === id && message.readInt8(2) < 0;
        if (isAnswer) events.answered(server);
      },
      error: () => events.unreachable(server),
    }),
  );
}
