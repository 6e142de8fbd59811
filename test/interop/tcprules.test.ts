// Rules that Debian's tcprules has compiled: Sluice reads them as they are, finds what tcprulescheck finds, and finds the same in their
// text. What tcprules does not compile, Sluice does not take either.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { below, pick, seededRandom } from '../../sim/disk/random.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import type { HeldRule, RuleSet } from '../../src/table/rules/rule-set.ts';
import { formatSubject } from '../../src/table/rules/rule-subject.ts';
import { readTcprulesLine, tcprulesSubject } from '../../src/table/rules/tcprules.ts';
import { readTable } from '../../src/table/read-table.ts';
import { randomHost, randomIp, randomRule } from '../table/rules/tcprules-model.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { send } from './mail.ts';

const missing =
  spawnSync('tcprules', [], { stdio: 'ignore' }).error === undefined
    ? false
    : 'tcprules is not installed (Debian: ucspi-tcp)';

/** @returns whether tcprules has compiled the text to `clients.cdb` */
function compile(folder: string, text: string): boolean {
  return spawnSync('tcprules', ['clients.cdb', 'clients.tmp'], { cwd: folder, input: text }).status === 0;
}

async function rulesOf(path: string): Promise<RuleSet> {
  const { rules } = await readTable({ name: 'clients', kind: 'tcprules', path });
  assert.ok(rules !== undefined);
  return rules;
}

/** What tcpserver would do, in Sluice's words. */
function checked(cdb: string, ip: string, host: string): HeldRule | undefined {
  const env = { PATH: process.env['PATH'], TCPREMOTEIP: ip, ...(host !== '' && { TCPREMOTEHOST: host }) };
  const lines = spawnSync('tcprulescheck', [cdb], { env, encoding: 'utf8' }).stdout.split('\n');
  const address = /^rule (?<address>.*):$/u.exec(lines[0] ?? '')?.groups?.['address'];
  if (address === undefined) return undefined;
  const subject = tcprulesSubject(address);
  assert.ok(subject.kind !== 'unused');
  const variables = lines.flatMap((line) => {
    const [, name, value] = /^set environment variable ([^=]*)=(.*)$/u.exec(line) ?? [];
    return name === undefined ? [] : [`,${name}=\u0001${value}\u0001`];
  });
  const word = lines.includes('deny connection') ? 'deny' : 'allow';
  const rule = readTcprulesLine(`:${word}${variables.join('')}`)?.rule;
  assert.ok(rule !== undefined);
  return { who: formatSubject(subject), rule };
}

/** The first line that a client with this address is sent. */
async function firstReply(port: number, from: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  const [line] = (await once(socket.setEncoding('latin1'), 'data')) as [string];
  socket.destroy();
  return line.trimEnd();
}

suite('tcprules', { skip: missing }, () => {
  test('a compiled file and its text give the answers of tcprulescheck', async (t) => {
    const { path } = temporaryFolder(t, 'tcprules');
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const lines = Array.from({ length: 60 }, (_, serial) => randomRule(random, serial));
      const text = lines.map(({ address, instructions }) => `${address}:${instructions}\n`).join('');
      assert.ok(compile(path, text), text);
      writeFileSync(`${path}/tcp.smtp`, text);
      const [compiled, read] = [await rulesOf(`${path}/clients.cdb`), await rulesOf(`${path}/tcp.smtp`)];
      assert.equal(compiled.size, read.size);
      for (let client = 0; client < 25; client++) {
        const ip = randomIp(random);
        const host = pick(random, ['', randomHost(random)]);
        const names = host === '' ? [] : [host];
        const expected = checked(`${path}/clients.cdb`, ip, host);
        const place = `seed ${seed}: ${ip} ${host}\n${text}`;
        assert.deepEqual(compiled.find(ip, names), expected, place);
        assert.deepEqual(read.find(ip, names), expected, place);
      }
    }
  });

  test('lines that tcprules refuses are refused, and others are not', async (t) => {
    const { path } = temporaryFolder(t, 'tcprules');
    const pieces = [
      '10.',
      '1-3',
      '-',
      '=',
      '.a',
      ':',
      'allow',
      'deny',
      ',',
      'A',
      '=',
      '"',
      '"',
      'x',
      '#',
      ' ',
      '0',
    ];
    let refused = 0;
    for (let seed = 1; seed <= 400; seed++) {
      const random = seededRandom(seed);
      const junk = (most: number) =>
        Array.from({ length: below(random, most) }, () => pick(random, pieces)).join('');
      // Mostly well formed, so that both are often taken.
      const line = pick(random, [junk(8), `${junk(3)}:allow${junk(5)}`, `10.:deny,A="${junk(3)}"${junk(2)}`]);
      writeFileSync(`${path}/line`, `${line}\n`);
      const isTaken = await rulesOf(`${path}/line`).then(
        () => true,
        (error: unknown) => {
          assert.equal((error as { code?: unknown }).code, 'TABLE_BROKEN', line);
          // Values that mean something to Sluice have to be possible, which tcprules does not ask for.
          return /is not the name of a variable/u.test(String(error));
        },
      );
      assert.equal(isTaken, compile(path, `${line}\n`), JSON.stringify(line));
      if (!isTaken) refused++;
    }
    assert.ok(refused > 50 && refused < 350, `${refused} of 400 were refused`);
  });

  test('a running Sluice follows what tcprules compiles', async (t) => {
    const ground = Ground.of(t);
    const folder = ground.folder('rules');
    assert.ok(compile(folder, '127.0.0.2:deny\n:allow,RELAYCLIENT="@fax.test",DATABYTES="5000"\n'));
    const sluice = await startSluice(ground, {
      config: {
        table: [{ name: 'clients', kind: 'tcprules', path: join(folder, 'clients.cdb') }],
        clients: { rules: 'clients' },
        receive: { relay_networks: [] },
        deliver: { max_connections: 0 },
        // No name server is asked about fax.test.
        route: [{ relay: ['127.0.0.1:1'] }],
      },
    });
    const { port } = sluice;
    assert.deepEqual(await firstReply(port, '127.0.0.2'), '554 5.7.1 No mail is taken from you');
    const replies = await send(port, {
      from: 'a@b.example',
      to: ['joe@far.test'],
      content: 'Subject: a\r\n\r\nb\r\n',
    });
    assert.match(replies.at(-1) ?? '', /^250/u);
    await until('it is in the queue', async () => (await sluice.cli('queue', 'list')).includes('fax.test'));
    assert.ok(compile(folder, '127.0.0.2:allow\n127.0.0.1:deny\n'));
    await until('the new rules are in force', async () =>
      (await firstReply(port, '127.0.0.1')).startsWith('554'),
    );
    assert.match(await firstReply(port, '127.0.0.2'), /^220/u);
  });

  test('a hundred thousand compiled rules are read', async (t) => {
    const { path } = temporaryFolder(t, 'tcprules');
    const lines = Array.from(
      { length: 100_000 },
      (_, at) => `${at >>> 16}.${(at >>> 8) & 255}.${at & 255}.7:allow,N="${at}"\n`,
    );
    assert.ok(compile(path, lines.join('')));
    const rules = await rulesOf(`${path}/clients.cdb`);
    assert.equal(rules.size, 100_000);
    assert.equal(rules.find('1.134.159.7')?.rule.kind, 'allow');
    assert.equal(rules.find('1.134.160.7'), undefined);
  });
});
