// The mail of the benchmark: who sends it, whose it is, and how it is put into a spool.

import { parseConfig, type Config } from '../../src/config/config.ts';
import { receiverSlot } from '../../src/process/roles/slots.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import type { NewMessage, SpoolWriter } from '../../src/spool/types.ts';

/** Two that each have half of the mail, and one that comes later with little. */
export const tenants = ['first', 'second', 'late'] as const;
export type Tenant = (typeof tenants)[number];

/** Domains of the recipients, each with a host of its own. */
export const domains = 1_000;

/** Connections in all: far fewer than there is work for, so that tenants have to take turns. */
const connections = 200;

const contentBytes = 1_500;
const content = Buffer.from(
  `Subject: News\r\nFrom: news@shop.example\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(contentBytes / 72)}`,
);

export function configOf(spool: string): Config {
  const text = `
spool = ${JSON.stringify(spool)}
hostname = "mx.example"
[deliver]
max_connections = ${connections}
[adapt]
enabled = false
`;
  const owners = tenants.map((name) => `[[tenant]]\nname = "${name}"\nsender = ["${name}.example"]\n`);
  return parseConfig(text + owners.join(''), 'bench.toml');
}

/** The message with this number of a tenant. */
export function messageOf(queueId: string, tenant: Tenant, number: number): NewMessage {
  return {
    envelope: {
      queueId,
      receivedAtMs: Date.now(),
      reversePath: `news-${number % 1_000}@${tenant}.example`,
      recipients: [{ address: `nobody${number}@domain${number % domains}.example` }],
      body: '7BIT',
      smtpUtf8: false,
      tenant,
      origin: { via: 'smtp', clientAddress: '192.0.2.25', helo: 'client.example' },
    },
    content: [content],
  };
}

/** Whose the address of a sender is. */
export function tenantOf(sender: string): string {
  return sender.slice(sender.indexOf('@') + 1, -'.example'.length);
}

export function openIntake(spool: string): Promise<SpoolWriter> {
  const settings = { segmentBytes: 64 * 1024 * 1024, reserveBytes: 0, sync: 'fdatasync' } as const;
  return openSpoolWriter({ directory: spool, slot: receiverSlot(0), ...settings });
}

/** Stores half of the mail for one tenant, and then half for the other one. */
export async function fill(spool: string, messages: number): Promise<void> {
  const writer = await openIntake(spool);
  const portion = 2_000;
  for (let done = 0; done < messages; done += portion) {
    const some = Array.from({ length: Math.min(portion, messages - done) }, (_, at) => {
      const tenant = (done + at) * 2 < messages ? 'first' : 'second';
      return writer.append(messageOf(writer.newQueueId(), tenant, done + at));
    });
    await Promise.all(some);
  }
  await writer.close();
}
