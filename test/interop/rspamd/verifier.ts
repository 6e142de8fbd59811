// A Sluice that verifies, with its processes, behind a load balancer that says who the client is; and what it says in its log about messages.

import { connect } from 'node:net';
import { Session } from '../../../sim/mx/submitter.ts';
import { freePort, type Ground, until } from '../../../sim/neighbours/ground.ts';
import { type Sluice, type SluiceEvent, startSluice } from '../../../sim/neighbours/sluice.ts';
import { type CorpusMessage, together, type Verdict } from './case.ts';

export class VerifyingSluice {
  readonly #sluice: Sluice;

  private constructor(sluice: Sluice) {
    this.#sluice = sluice;
  }

  /** @param sealers - whose ARC chains count */
  static async start(ground: Ground, dnsPort: number, sealers: readonly string[]): Promise<VerifyingSluice> {
    const port = await freePort();
    const sluice = await startSluice(ground, {
      port,
      config: {
        listen: [{ address: `127.0.0.1:${port}`, proxy_protocol: ['127.0.0.1'] }],
        receive: { connection_rate_per_client: '1000000/min', relay_domains: ['far.test'] },
        dns: { servers: [`127.0.0.1:${dnsPort}`] },
        verification: { mode: 'on', arc_sealers: sealers },
        route: [{ discard: true }],
      },
    });
    return new VerifyingSluice(sluice);
  }

  /** Hands in each message over a connection of its own. @returns verdicts in the order of the messages */
  async verify(messages: readonly CorpusMessage[]): Promise<readonly Verdict[]> {
    const ids: string[] = [];
    for (const message of messages) ids.push(await this.#handIn(message));
    const found = await until('all messages are verified', () => {
      const events = new Map(
        this.#sluice
          .events()
          .filter(({ event }) => event === 'verified')
          .map((each) => [each['id'], each]),
      );
      return ids.every((id) => events.has(id)) && events;
    });
    return ids.map((id) => verdictOf(found.get(id)));
  }

  /** @returns its queue id */
  async #handIn({ name, client, helo, from, content }: CorpusMessage): Promise<string> {
    const { port } = this.#sluice;
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => undefined); // the session's reply rejects
    const family = client.includes(':') ? 'TCP6' : 'TCP4';
    const server = family === 'TCP6' ? '2001:db8::25' : '192.0.2.25';
    socket.write(`PROXY ${family} ${client} ${server} 40000 25\r\n`);
    const session = new Session(socket, '127.0.0.1', port);
    let last = await session.reply();
    const dotted = Buffer.from(`${content.replaceAll(/^\./gmu, '..')}.\r\n`, 'latin1');
    for (const part of [
      `EHLO ${helo}\r\n`,
      `MAIL FROM:<${from}>\r\n`,
      'RCPT TO:<a@far.test>\r\n',
      'DATA\r\n',
      dotted,
    ]) {
      socket.write(part);
      last = await session.reply();
      if (!/^[23]/u.test(last)) throw new Error(`${name}: Sluice said ${last}`);
    }
    await session.quit();
    const id = /queued as (\S+)/u.exec(last)?.[1];
    if (id === undefined) throw new Error(`${name}: no queue id in ${last}`);
    return id;
  }
}

function verdictOf(event: SluiceEvent | undefined): Verdict {
  const text = (name: string): string => String(event?.[name] ?? '');
  const signatures = (event?.['dkim'] ?? []) as readonly string[];
  const dmarc = text('dmarc');
  return {
    dkim: together(signatures.map((each) => each.split(' ', 1)[0] ?? '')),
    spf: text('spf'),
    dmarc: dmarc === 'fail' ? `fail ${text('dmarcPolicy')}` : dmarc,
    arc: text('arc'),
  };
}
