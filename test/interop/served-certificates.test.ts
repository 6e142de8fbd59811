// Certificates in a running Sluice: renewed under open sessions, sessions resumed by another process, and clients that may relay by
// a certificate of their own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import * as tls from 'node:tls';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, type Sluice, type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';
import { type Leaf, makeAuthority, selfSigned } from '../support/certificates.ts';
import { send } from './mail.ts';

/** A session with a listener on which TLS comes before the greeting. */
class Session {
  readonly socket: tls.TLSSocket;
  readonly #replies: AsyncIterator<string>;
  /** The last ticket. */
  ticket: Buffer | undefined;

  constructor(port: number, options: tls.ConnectionOptions) {
    this.socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    this.socket.on('session', (ticket) => (this.ticket = ticket));
    this.#replies = createInterface({ input: this.socket })[Symbol.asyncIterator]();
  }

  static async open(t: TestContext, port: number, options: tls.ConnectionOptions = {}): Promise<Session> {
    const session = new Session(port, options);
    t.after(() => session.socket.destroy());
    assert.match(await session.reply(), /^220 /u);
    return session;
  }

  /** The last line of a reply. */
  async reply(): Promise<string> {
    for (;;) {
      const { value, done } = await this.#replies.next();
      assert.ok(done !== true, 'the connection is closed');
      if (/^\d{3} /u.test(value)) return value;
    }
  }

  async ask(command: string): Promise<string> {
    this.socket.write(`${command}\r\n`);
    return this.reply();
  }

  /** The answer to RCPT for a domain that only clients who may relay can reach. */
  async askToRelay(): Promise<string> {
    assert.match(await this.ask('EHLO client.test'), /^250 /u);
    assert.match(await this.ask('MAIL FROM:<a@client.test>'), /^250 /u);
    return this.ask('RCPT TO:<b@far.test>');
  }

  get names(): string {
    return this.socket.getPeerX509Certificate()?.subjectAltName ?? '';
  }
}

interface Place {
  readonly sluice: Sluice;
  readonly port: number;
  install(leaf: Leaf): void;
  configure(listen: Readonly<Record<string, string | readonly string[]>>): Promise<void>;
}

async function place(t: TestContext, listen: Record<string, string | string[]> = {}): Promise<Place> {
  const ground = Ground.of(t);
  const folder = ground.folder('certificates');
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, 'new'), text, { mode: 0o600 });
    renameSync(join(folder, 'new'), join(folder, name));
  };
  const install = ({ chain, key }: Leaf): void => {
    write('chain.pem', chain);
    write('key.pem', key);
  };
  install(selfSigned({ names: ['first.test'] }));
  const port = await freePort();
  const configOf = (more: typeof listen): SluiceConfig => ({
    ...ownProcesses,
    receive: { relay_networks: [] },
    certificate: [{ chain: join(folder, 'chain.pem'), key: join(folder, 'key.pem') }],
    listen: [{ address: `127.0.0.1:${port}`, tls: 'implicit', ...more }],
  });
  const sluice = await startSluice(ground, { port, config: configOf(listen) });
  return {
    sluice,
    port,
    install,
    configure: async (more) => {
      sluice.configure(configOf(more as typeof listen));
      await sluice.cli('reload');
    },
  };
}

test('a renewed certificate is served without a restart, and sessions that are open go on', async (t) => {
  const { sluice, port, install } = await place(t);
  const before = await Session.open(t, port);
  assert.equal(before.names, 'DNS:first.test');
  install(selfSigned({ names: ['renewed.test'] }));
  await sluice.logged(({ msg }) => String(msg).includes('changed on disk, and were read again'));
  await until('the new certificate is told', async () => (await sluice.cli('tls')).includes('renewed.test'));
  const after = await Session.open(t, port);
  assert.equal(after.names, 'DNS:renewed.test');
  assert.match(await before.ask('EHLO client.test'), /^250 /u);
});

test('a session is resumed by a receiver process that did not begin it', async (t) => {
  const { sluice, port } = await place(t);
  const first = await Session.open(t, port, { servername: 'first.test' });
  const { ticket } = first;
  assert.ok(ticket !== undefined);
  const earlier = sluice.pidOf('receiver');
  process.kill(earlier, 'SIGKILL');
  await sluice.logged(({ msg }) => msg === 'the receiver process runs again');
  assert.notEqual(sluice.pidOf('receiver'), earlier);
  const second = await Session.open(t, port, { servername: 'first.test', session: ticket });
  assert.equal(second.socket.isSessionReused(), true);
});

test('a reload with a certificate that cannot be used is refused, and what was served goes on', async (t) => {
  const { sluice, port, install, configure } = await place(t);
  install({ ...selfSigned({ names: ['mixed.test'] }), key: selfSigned().key });
  await assert.rejects(configure({}), /CONFIG_REFUSED[\s\S]*the key does not belong to the certificate/u);
  assert.equal((await Session.open(t, port)).names, 'DNS:first.test');
  await sluice.shows(/the key does not belong to the certificate/u, 'status');
});

test('who shows a certificate with a listed fingerprint may relay, until a reload takes it out', async (t) => {
  const [own, other] = [selfSigned(), selfSigned()];
  const shown = (leaf: Leaf) => ({ cert: leaf.chain, key: leaf.key });
  const { port, configure } = await place(t, { relay_certificates: [`sha256:${own.fingerprint}`] });
  assert.match(await (await Session.open(t, port, shown(own))).askToRelay(), /^250 /u);
  assert.match(await (await Session.open(t, port, shown(other))).askToRelay(), /^550 5\.7\.1 /u);
  assert.match(await (await Session.open(t, port)).askToRelay(), /^550 5\.7\.1 /u);
  await configure({ relay_certificates: [`sha256:${other.fingerprint}`] });
  await until('the reload is in force', async () => {
    const session = await Session.open(t, port, shown(other));
    return (await session.askToRelay()).startsWith('250');
  });
  assert.match(await (await Session.open(t, port, shown(own))).askToRelay(), /^550 5\.7\.1 /u);
});

test('who shows a valid certificate of relay_ca may relay, and nobody else', async (t) => {
  const authority = makeAuthority();
  const file = join(Ground.of(t).folder('authority'), 'ca.pem');
  writeFileSync(file, authority.certificate);
  const { port } = await place(t, { relay_ca: file });
  const hourMs = 3_600_000;
  const now = Date.now();
  const cases: readonly (readonly [leaf: Leaf, answer: RegExp])[] = [
    [authority.issue(), /^250 /u],
    [authority.intermediate().issue(), /^250 /u],
    [makeAuthority().issue(), /^550 5\.7\.1 /u],
    [authority.issue({ from: now - 2 * hourMs, until: now - hourMs }), /^550 5\.7\.1 /u],
  ];
  for (const [{ chain, key }, answer] of cases) {
    const session = await Session.open(t, port, { cert: chain, key });
    assert.match(await session.askToRelay(), answer);
  }
});

test('on a listener without such keys, clients are not asked for a certificate', async (t) => {
  const { port } = await place(t);
  const { chain, key } = selfSigned();
  const session = await Session.open(t, port, { cert: chain, key });
  assert.match(await session.askToRelay(), /^550 5\.7\.1 /u);
  session.socket.end();
  await once(session.socket, 'close');
});

test('Sluice relays through another Sluice by the certificate that a [[tls]] table shows', async (t) => {
  const ground = Ground.of(t);
  const folder = ground.folder('client');
  const client = selfSigned({ names: ['client.test'] });
  const [certificate, key] = [join(folder, 'client.pem'), join(folder, 'client.key')];
  writeFileSync(certificate, client.chain);
  writeFileSync(key, client.key, { mode: 0o600 });
  const { port, sluice: relay } = await place(t, { relay_certificates: [`sha256:${client.fingerprint}`] });
  const sender = await startSluice(ground, {
    config: {
      route: [{ relay: [`smtps://127.0.0.1:${port}`] }],
      tls: [
        {
          mx: ['127.0.0.1'],
          certificate,
          key,
          level: 'fingerprint',
          fingerprints: [await fingerprintOf(relay)],
        },
      ],
    },
  });
  assert.match((await send(sender.port, mail)).at(-1) ?? '', /^250/u);
  await relay.logged(({ event, client: from }) => event === 'received' && from === '127.0.0.1');
});

const mail = { from: 'a@client.test', to: ['b@far.test'], content: 'Subject: x\r\n\r\nHello\r\n' };

/** As `sluice tls` shows it. */
async function fingerprintOf(sluice: Sluice): Promise<string> {
  const digest = /sha256 +(?<digest>[0-9a-f]{64})/u.exec(await sluice.cli('tls'))?.groups?.['digest'];
  assert.ok(digest !== undefined);
  return `sha256:${digest}`;
}
