// A front end and two central servers, as whole programs: what reaches the centre, whose answers the client hears, and what happens when
// central servers go.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { inspectSpool } from '../../src/spool/open.ts';

/** A client at 127.0.0.5 that says one line after the other. */
class Client {
  readonly #socket: Socket;
  #text = '';
  #isEnded = false;

  constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.5' });
    this.#socket.on('data', (bytes) => (this.#text += bytes.toString('latin1')));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => (this.#isEnded = true));
  }

  /** Sends this, and gives the reply. */
  async say(text: string): Promise<string> {
    this.#text = '';
    if (text !== '') this.#socket.write(`${text}\r\n`);
    await until('a reply', () => /^\d{3}(?: .*)?\r\n/m.test(this.#text) || this.#isEnded);
    return this.#text.trimEnd();
  }

  async begin(...recipients: string[]): Promise<string> {
    await this.say('');
    await this.say('EHLO client.test');
    let last = await this.say('MAIL FROM:<a@client.test>');
    for (const recipient of recipients) last = await this.say(`RCPT TO:<${recipient}>`);
    return last;
  }

  write(text: string): Promise<void> {
    return new Promise((resolve) => this.#socket.write(text, () => resolve()));
  }

  end(): void {
    this.#socket.destroy();
  }
}

const content = 'From: <a@client.test>\r\nTo: <b@far.test>\r\nSubject: one\r\n\r\nText\r\n.';

function startCentre(ground: Ground, port: number, directory: string, own: object = {}): Promise<Sluice> {
  return startSluice(ground, {
    port,
    directory,
    config: {
      hostname: 'centre.test',
      listen: [{ address: `127.0.0.1:${port}`, xclient: ['127.0.0.1/32'], ...own }],
      receive: { relay_networks: ['127.0.0.1/32'], relay_domains: ['far.test'] },
      route: [{ hold: 'kept for the test' }],
    },
  });
}

async function tiers(t: TestContext, front: Record<string, string | number> = {}) {
  const ground = Ground.of(t);
  const [one, two] = [await freePort(), await freePort()];
  const centres = await Promise.all([
    startCentre(ground, one, ground.folder('one')),
    startCentre(ground, two, ground.folder('two')),
  ]);
  const sluice = await startSluice(ground, {
    config: {
      hostname: 'front.test',
      receive: { relay_domains: ['far.test', 'other.test'], max_message_size: '2GiB' },
      front: { servers: [`smtp://127.0.0.1:${one}`, `smtp://127.0.0.1:${two}`], ...front },
    },
  });
  return { ground, sluice, centres };
}

/** Files of an instance that have this text in them. */
function filesWith({ directory, spool }: Sluice, text: string): string[] {
  return readdirSync(spool, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => readFileSync(file).includes(text))
    .map((file) => file.slice(directory.length));
}

test('a message goes to the centre, which knows the client; its answers are the answers', async (t) => {
  const { sluice, centres } = await tiers(t);
  const client = new Client(sluice.port);
  assert.match(await client.begin('b@far.test'), /^250 2\.1\.5/);
  assert.match(await client.say('RCPT TO:<b@other.test>'), /^550 5\.7\.1 Relaying denied/);
  assert.match(await client.say('DATA'), /^354/);
  assert.match(await client.say(content), /^250 2\.0\.0 .*queued/i);
  const [received] = await centres[0].logged('received');
  assert.equal(received?.['client'], '127.0.0.5');
  assert.equal(received?.['helo'], 'client.test');
  assert.deepEqual(received?.['to'], ['b@far.test']);
  // A second message over the same connection.
  await client.say('MAIL FROM:<a@client.test>');
  await client.say('RCPT TO:<c@far.test>');
  await client.say('DATA');
  assert.match(await client.say(content), /^250/);
  await centres[0].logged('received', 2);
  client.end();
  assert.deepEqual(filesWith(sluice, 'Subject: one'), []);
  assert.equal(filesWith(centres[0], 'Subject: one').length, 1);
});

test('senders of VERP reach a centre that knows it, and no other', async (t) => {
  const ground = Ground.of(t);
  const asks = '127.0.0.0/8';
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  const centre = await startCentre(ground, ports[0], ground.folder('centre'), { xverp: [asks] });
  await startCentre(ground, ports[1], ground.folder('other'));
  const answers: string[] = [];
  for (const port of ports.slice(0, 2)) {
    const front = await startSluice(ground, {
      port: ports[2],
      config: {
        listen: [{ address: `127.0.0.1:${ports[2]}`, xverp: [asks] }],
        receive: { relay_domains: ['far.test'] },
        front: { servers: [`smtp://127.0.0.1:${port}`] },
      },
    });
    const client = new Client(front.port);
    await client.say('');
    await client.say('EHLO client.test');
    await client.say('MAIL FROM:<list@client.test> XVERP=-=');
    answers.push(await client.say('RCPT TO:<b@far.test>'));
    if (answers.length === 1) {
      await client.say('DATA');
      answers.push(await client.say(content));
    }
    client.end();
    await front.program.stop('SIGTERM');
  }
  assert.deepEqual(
    answers.map((answer) => answer.slice(0, 9)),
    ['250 2.1.5', '250 2.0.0', '451 4.3.5'],
  );
  const asked: (string | undefined)[] = [];
  for await (const found of inspectSpool(centre.spool))
    if (found.kind === 'message') asked.push(found.message.verp);
  assert.deepEqual(asked, ['-=']);
});

test('a client that breaks off leaves nothing at the centre', async (t) => {
  const { sluice, centres } = await tiers(t);
  const client = new Client(sluice.port);
  await client.begin('b@far.test');
  await client.say('DATA');
  const line = `${'x'.repeat(70)}\r\n`;
  await client.write(`Subject: large\r\n\r\n${line.repeat(20_000)}`);
  client.end();
  const next = new Client(sluice.port);
  await next.begin('c@far.test');
  await next.say('DATA');
  assert.match(await next.say(content), /^250/);
  next.end();
  const received = await centres[0].logged('received');
  assert.deepEqual(
    received.map(({ to }) => to),
    [['c@far.test']],
  );
});

test('a large message streams through', async (t) => {
  const { sluice, centres } = await tiers(t);
  const client = new Client(sluice.port);
  await client.begin('b@far.test');
  await client.say('DATA');
  const line = `.${'x'.repeat(70)}\r\n`;
  await client.write(`Subject: large\r\n\r\n${line.repeat(60_000)}`);
  assert.match(await client.say('.'), /^250/);
  const [received] = await centres[0].logged('received');
  assert.ok(Number(received?.['size']) > 59_000 * line.length);
  client.end();
});

test('the next centre takes over, all gone is 451, and what comes back gets mail', async (t) => {
  const { ground, sluice, centres } = await tiers(t);
  await centres[0].program.stop('SIGKILL');
  const client = new Client(sluice.port);
  assert.match(await client.begin('b@far.test'), /^250/);
  await client.say('DATA');
  assert.match(await client.say(content), /^250/);
  await centres[1].logged('received');
  client.end();
  await centres[1].program.stop('SIGKILL');
  const refused = new Client(sluice.port);
  assert.match(await refused.begin('b@far.test'), /^451 4\.4\.1/);
  assert.match(await refused.say('RSET'), /^250/);
  assert.match(await refused.say('MAIL FROM:<a@client.test>'), /^451 4\.4\.1/);
  await sluice.shows(/No central server can be reached/, 'status');
  const again = await startCentre(ground, centres[1].port, centres[1].directory);
  await until('the centre is back', async () =>
    (await refused.say('MAIL FROM:<a@client.test>')).startsWith('250'),
  );
  assert.match(await refused.say('RCPT TO:<b@far.test>'), /^250/);
  await refused.say('DATA');
  assert.match(await refused.say(content), /^250/);
  refused.end();
  await again.logged('received', 2);
});

/**
 * A central server that says yes to everything, but for what this says otherwise; null: it says its last words, and closes.
 * @returns its port
 */
async function scripted(
  t: TestContext,
  answer: (line: string) => string | null | undefined,
  lastWords = '',
): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write('220 centre\r\n');
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let at = text.indexOf('\r\n'); at !== -1; at = text.indexOf('\r\n')) {
        const line = text.slice(0, at);
        text = text.slice(at + 2);
        const own = answer(line);
        if (own === null) socket.end(lastWords);
        else if (own !== undefined) socket.write(own);
        else if (line === 'DATA') socket.write('354 go\r\n');
        else if (/^(?:EHLO|MAIL|RCPT)/.test(line)) socket.write('250 ok\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as { readonly port: number }).port;
}

test('a server without XCLIENT gets no mail, and the next one does', async (t) => {
  const ground = Ground.of(t);
  const [bare, port] = [await scripted(t, () => undefined), await freePort()];
  const centre = await startCentre(ground, port, ground.folder('centre'));
  const front = { servers: [`smtp://127.0.0.1:${bare}`, `smtp://127.0.0.1:${port}`] };
  const sluice = await startSluice(ground, {
    config: { hostname: 'front.test', receive: { relay_domains: ['far.test'] }, front },
  });
  for (let count = 1; count < 3; count++) {
    const client = new Client(sluice.port);
    assert.match(await client.begin('b@far.test'), /^250 2\.1\.5/);
    await client.say('DATA');
    assert.match(await client.say(content), /^250/);
    client.end();
  }
  await centre.logged('received', 2);
  await sluice.shows(/does not offer XCLIENT to this host/, 'status');
});

test('what is wrong between the servers is no refusal of the client; what the centre says of the client is', async (t) => {
  const replies = [
    ['550 5.7.0 Error: insufficient authorization', /^451 4\.3\.5/],
    ['501 5.5.4 Bad command parameter syntax', /^451 4\.3\.5/],
    ['500 5.5.2 Command line too long', /^451 4\.3\.5/],
    ['554 5.7.1 Go away', /^554 5\.7\.1 Go away/],
    ['421 4.7.0 Too many connections', /^451 4\.7\.0/],
  ] as const;
  let reply = '';
  const port = await scripted(t, (line) => {
    if (line.startsWith('EHLO')) return '250-centre\r\n250 XCLIENT ADDR HELO\r\n';
    return line.startsWith('XCLIENT') ? `${reply}\r\n` : undefined;
  });
  const sluice = await startSluice(Ground.of(t), {
    config: { receive: { relay_domains: ['far.test'] }, front: { servers: [`smtp://127.0.0.1:${port}`] } },
  });
  for (const [said, heard] of replies) {
    reply = said;
    const client = new Client(sluice.port);
    assert.match(await client.begin('b@far.test'), heard, said);
    client.end();
  }
  await sluice.shows(/takes no XCLIENT from this host/, 'status');
});

test('a server that answers MAIL by 421 and closes is told to the client in its own words', async (t) => {
  for (const extensions of ['250 centre\r\n', '250-centre\r\n250 PIPELINING\r\n']) {
    const port = await scripted(
      t,
      (line) => (line.startsWith('EHLO') ? extensions : line.startsWith('MAIL') ? null : undefined),
      '421 4.3.2 Closing for maintenance\r\n',
    );
    const sluice = await startSluice(Ground.of(t), {
      config: {
        receive: { relay_domains: ['far.test'] },
        front: { servers: [`smtp://127.0.0.1:${port}`], tell_client: 'none' },
      },
    });
    const client = new Client(sluice.port);
    assert.match(await client.begin('b@far.test'), /^451 4\.3\.2 Closing for maintenance/);
    client.end();
  }
});

test('a connection that a server gives up by 421 just as it is used again costs no message', async (t) => {
  let mails = 0;
  const port = await scripted(
    t,
    (line) => {
      if (line === '.') return '250 2.0.0 queued\r\n';
      if (line === 'RSET') return '250 ok\r\n';
      return line.startsWith('MAIL') && ++mails === 2 ? null : undefined;
    },
    '421 4.4.2 Idle for too long\r\n',
  );
  const sluice = await startSluice(Ground.of(t), {
    config: {
      receive: { relay_domains: ['far.test'] },
      front: { servers: [`smtp://127.0.0.1:${port}`], tell_client: 'none' },
    },
  });
  const client = new Client(sluice.port);
  await client.say('');
  await client.say('EHLO client.test');
  for (let count = 1; count < 3; count++) {
    assert.match(await client.say('MAIL FROM:<a@client.test>'), /^250/);
    assert.match(await client.say('RCPT TO:<b@far.test>'), /^250/);
    assert.match(await client.say('DATA'), /^354/);
    assert.match(await client.say(content), /^250/);
  }
  client.end();
  assert.equal(mails, 3);
});

test('half an answer, or none, is 451', async (t) => {
  for (const answer of ['250 2.0.0 queue', '', 'nonsense\r\n', '354 more\r\n']) {
    const ground = Ground.of(t);
    const port = await scripted(t, (line) => (line === '.' ? null : undefined), answer);
    const sluice = await startSluice(ground, {
      config: {
        receive: { relay_domains: ['far.test'] },
        front: { servers: [`smtp://127.0.0.1:${port}`], tell_client: 'none' },
      },
    });
    const client = new Client(sluice.port);
    assert.match(await client.begin('b@far.test'), /^250/);
    await client.say('DATA');
    assert.match(await client.say(content), /^451 4\.4\.2/, answer);
    client.end();
  }
});
