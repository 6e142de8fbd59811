// DKIM both ways with OpenDKIM and with dkimpy: what is signed here passes there, and what they sign passes here, over all canonicalizations and
// over shapes of messages on which implementations differ. And mail that Sluice signs and another server relays still passes.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startOpenSmtpd, withoutOpenSmtpd } from '../../sim/neighbours/opensmtpd.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { type SluiceConfig, startSluice } from '../../sim/neighbours/sluice.ts';
import { segmentPath, spoolLayout } from '../../src/spool/segments/layout.ts';
import { queueIdSegment } from '../../src/spool/queue-id.ts';
import { recordOf, resultsOf, signMessage } from '../dkim/support.ts';
import { type Destination, destination, send } from './mail.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const names = { r: 'r._domainkey.example.com', e: 'e._domainkey.example.com' };
const published = { [names.r]: recordOf(rsa.publicKey), [names.e]: recordOf(ed.publicKey) };

const canonicalizations = ['simple', 'relaxed'] as const;
const forms = canonicalizations.flatMap((headerCanonicalization) =>
  canonicalizations.map((bodyCanonicalization) => ({ headerCanonicalization, bodyCanonicalization })),
);

const head = 'From: Joe <joe@example.com>\r\nTo: a@far.test\r\nSubject: x\r\n';
const shapes: Readonly<Record<string, string>> = {
  'a plain message': `${head}\r\nHello.\r\n`,
  'an empty body': `${head}\r\n`,
  'a body of empty lines': `${head}\r\n\r\n\r\n\r\n`,
  'empty lines and blanks at the end': `${head}\r\nHello \t \r\n \r\n\t\r\n\r\n`,
  'no line end at the end': `${head}\r\nHello.\r\nno end`,
  'runs of blanks': `${head}\r\n a  b\t\tc \t d\r\n`,
  'a body of 8-bit bytes': `${head}\r\nGr\u00fc\u00dfe \u00ff\u0080 aus K\u00f6ln\r\n`,
  'folded fields, and blanks around colons':
    'From:\r\n Joe\r\n\t<joe@example.com>\r\nSUBJECT:one\r\n  two\t three \r\nto: \t a@far.test\r\nX-Empty:\r\nList-X:\r\n value\r\n\r\nHello\r\n',
  'fields that are there twice': `Subject: first\r\n${head}To: other@far.test\r\n\r\nHello\r\n`,
  'long lines': `${head}X-Long: ${'x'.repeat(900)}\r\n\r\n${'long line '.repeat(99)}\r\n`,
  'dots at the beginning of lines': `${head}\r\n.\r\n..\r\n.a\r\n`,
  'many lines': `${head}\r\n${'The quick brown fox.  \r\n'.repeat(5000)}`,
};
const all = Object.entries(shapes).map(([name, text]) => [name, Buffer.from(text, 'latin1')] as const);

/** Seconds since 1970: OpenDKIM minds signatures from the future. */
const now = (): number => Math.floor(Date.now() / 1000);

interface Place {
  readonly ground: Ground;
  /** Writes a file that only its owner can read, and returns its path. */
  readonly write: (name: string, content: string | Buffer) => string;
}

function place(ground: Ground): Place {
  const write = (name: string, content: string | Buffer): string => {
    const path = join(ground.directory, name);
    writeFileSync(path, content);
    chmodSync(path, 0o600);
    return path;
  };
  write(
    'keys',
    Object.entries(published)
      .map(([name, record]) => `${name} ${record}\n`)
      .join(''),
  );
  write('r.pem', pem(rsa.privateKey));
  return { ground, write };
}

function pem(key: KeyObject): string {
  return String(key.export({ format: 'pem', type: 'pkcs8' }));
}

/**
 * OpenDKIM is a milter: it is given fields without the blanks after their colons, so that simple canonicalization cannot know them; and it wants
 * a line end at the end, which every message has that came by DATA.
 */
function knownThere(form: (typeof forms)[number]): typeof all {
  const isSimple = form.headerCanonicalization === 'simple';
  return all.filter(
    ([name]) => name !== 'no line end at the end' && !(isSimple && name.startsWith('folded fields')),
  );
}

const noOpenDkim =
  spawnSync('opendkim', ['-V'], { stdio: 'ignore' }).status !== 0 && 'opendkim is not installed';

suite('OpenDKIM', { skip: noOpenDkim }, () => {
  for (const form of forms) {
    const what = `${form.headerCanonicalization}/${form.bodyCanonicalization}`;

    test(`what is signed here passes there: ${what}`, async (t) => {
      const { ground, write } = place(Ground.of(t));
      const conf = write('conf', `Mode v\nSyslog no\nTestPublicKeys ${join(ground.directory, 'keys')}\n`);
      for (const [name, message] of knownThere(form)) {
        const signed = signMessage(
          message,
          rsa.privateKey,
          { domain: 'example.com', selector: 'r', ...form },
          now() - 1,
        );
        const output = await ground.run('opendkim', ['-x', conf, '-t', write('message', signed), '-vvv']);
        assert.match(output, /verification \(s=r,? d=example\.com, 2048-bit key\) succeeded/, name);
      }
    });

    test(`what is signed there passes here: ${what}`, async (t) => {
      const { ground, write } = place(Ground.of(t));
      const conf = write(
        'conf',
        `Mode s\nSyslog no\nDomain example.com\nSelector r\nKeyFile ${join(ground.directory, 'r.pem')}\nRequireSafeKeys no\nCanonicalization ${what}\nInternalHosts 0.0.0.0/0\nOverSignHeaders From\n`,
      );
      for (const [name, message] of knownThere(form)) {
        const output = await ground.run('opendkim', ['-x', conf, '-t', write('message', message), '-vvv']);
        const value = /hname='DKIM-Signature' hvalue='([^']+)'/.exec(output)?.[1];
        assert.ok(value !== undefined, output);
        // Its blank after the colon is one that a mail server adds.
        const field = `DKIM-Signature: ${value.replaceAll(/\r?\n/g, '\r\n')}\r\n`;
        const signed = Buffer.concat([Buffer.from(field.replace(':  ', ': ')), message]);
        assert.deepEqual(resultsOf(signed, published, now()), ['pass'], name);
      }
    });
  }

  test('it notices what was changed', async (t) => {
    const { ground, write } = place(Ground.of(t));
    const conf = write('conf', `Mode v\nSyslog no\nTestPublicKeys ${join(ground.directory, 'keys')}\n`);
    const signed = signMessage(
      all[0]![1],
      rsa.privateKey,
      { domain: 'example.com', selector: 'r' },
      now() - 1,
    );
    const changed = signed.toString('latin1').replace('Hello.', 'Hello!');
    const output = await ground.run('opendkim', ['-x', conf, '-t', write('message', changed), '-vvv'], {
      codes: [0, 1],
    });
    assert.doesNotMatch(output, /succeeded/);
  });
});

const python = '/usr/bin/python3';
const noDkimpy =
  spawnSync(python, ['-c', 'import dkim, nacl'], { stdio: 'ignore' }).status !== 0 &&
  'python3-dkim is not installed';

/** Signs or verifies each message of a file of JSON, in base64, and prints the results as JSON. */
const program = `
import base64, dkim, json, sys
job = json.load(open(sys.argv[1]))
keys = {name.encode() + b'.': record.encode() for name, record in job['keys'].items()}
def find(name, timeout=5):
    return keys.get(name if isinstance(name, bytes) else name.encode())
done = []
for message in job['messages']:
    message = base64.b64decode(message)
    if job['mode'] == 'verify':
        d = dkim.DKIM(message)
        done.append([d.verify(idx=i, dnsfunc=find) for i in range(job['count'])])
    else:
        signed = dkim.sign(message, b'r' if job['algorithm'] == 'rsa-sha256' else b'e', b'example.com', job['key'].encode(),
            canonicalize=(job['header'].encode(), job['body'].encode()), signature_algorithm=job['algorithm'].encode())
        done.append(base64.b64encode(signed).decode())
json.dump(done, sys.stdout)
`;

suite('dkimpy', { skip: noDkimpy }, () => {
  for (const form of forms) {
    const what = `${form.headerCanonicalization}/${form.bodyCanonicalization}`;

    test(`two signatures from here pass there: ${what}`, async (t) => {
      const { ground, write } = place(Ground.of(t));
      const messages = all.map(([, message]) => {
        const once = signMessage(
          message,
          ed.privateKey,
          { domain: 'example.com', selector: 'e', ...form },
          now(),
        );
        return signMessage(once, rsa.privateKey, { domain: 'example.com', selector: 'r', ...form }, now());
      });
      const job = {
        mode: 'verify',
        count: 2,
        keys: published,
        messages: messages.map((each) => each.toString('base64')),
      };
      const output = await ground.run(python, ['-c', program, write('job', JSON.stringify(job))]);
      const results = JSON.parse(output) as boolean[][];
      for (const [index, [name]] of all.entries()) assert.deepEqual(results[index], [true, true], name);
    });

    for (const algorithm of ['rsa-sha256', 'ed25519-sha256'])
      test(`what is signed there passes here: ${what}, ${algorithm}`, async (t) => {
        const { ground, write } = place(Ground.of(t));
        const { d: seed } = ed.privateKey.export({ format: 'jwk' });
        const key =
          algorithm === 'rsa-sha256'
            ? String(rsa.privateKey.export({ format: 'pem', type: 'pkcs1' }))
            : Buffer.from(String(seed), 'base64url').toString('base64');
        const job = {
          mode: 'sign',
          algorithm,
          key,
          header: form.headerCanonicalization,
          body: form.bodyCanonicalization,
          keys: {},
          messages: all.map(([, message]) => message.toString('base64')),
        };
        const output = await ground.run(python, ['-c', program, write('job', JSON.stringify(job))]);
        for (const [index, field] of (JSON.parse(output) as string[]).entries()) {
          const [name, message] = all[index]!;
          const signed = Buffer.concat([Buffer.from(field, 'base64'), message]);
          assert.deepEqual(resultsOf(signed, published, now()), ['pass'], name);
        }
      });
  }
});

/** What a signing Sluice is configured with. */
function signing({ ground, write }: Place, port: number): SluiceConfig {
  write('e.pem', pem(ed.privateKey));
  return {
    receive: { relay_networks: ['127.0.0.0/8'] },
    signing_key: ['r', 'e'].map((name) => ({
      domain: ['example.com'],
      file: join(ground.directory, `${name}.pem`),
    })),
    route: [{ relay: [`127.0.0.1:${port}`] }],
    limit: [{ per: 'ip', connections: 4 }],
  };
}

/** Sends each shape, and fails unless each arrives with two signatures that pass. */
async function relayed(mx: Destination, port: number): Promise<void> {
  const sent = all.filter(([, message]) => message.toString('latin1').endsWith('\r\n'));
  for (const [, message] of sent) {
    const content = message.toString('latin1');
    const replies = await send(port, { from: 'joe@example.com', to: ['b@far.test'], content });
    assert.match(replies.at(-1)!, /^250/);
  }
  await mx.tally.arrived(sent.length);
  for (const { content } of mx.messages) {
    const text = content.toString('latin1').replaceAll(/^\.\./gm, '.');
    assert.deepEqual(
      resultsOf(Buffer.from(text, 'latin1'), published, now()),
      ['pass', 'pass'],
      text.slice(0, 3000),
    );
  }
}

test('mail that Sluice signs passes behind Postfix', { skip: withoutPostfix() }, async (t) => {
  const here = place(Ground.of(t));
  const mx = await destination(here.ground);
  const postfix = await startPostfix(here.ground, 'postfix', {
    main: { relayhost: `[127.0.0.1]:${mx.port}` },
  });
  const sluice = await startSluice(here.ground, { config: signing(here, postfix.port) });
  await relayed(mx, sluice.port);
});

test('mail that Sluice signs passes behind OpenSMTPD', { skip: withoutOpenSmtpd() }, async (t) => {
  const here = place(Ground.of(t));
  const mx = await destination(here.ground);
  const opensmtpd = await startOpenSmtpd(here.ground, mx.port);
  const sluice = await startSluice(here.ground, { config: signing(here, opensmtpd.port) });
  await relayed(mx, sluice.port);
});

test('mail that waited, was moved to another segment, and was recovered after a kill, has the signatures that it was accepted with', async (t) => {
  const here = place(Ground.of(t));
  const mx = await destination(here.ground);
  const config = signing(here, await freePort());
  const first = await startSluice(here.ground, {
    config: {
      ...config,
      queue: { segment_size: '1MiB', relocate_after: '1s', retry: ['1h'] },
      route: [{ domain: ['quick.test'], discard: true }, ...(config['route'] as readonly {}[])],
    },
  });
  const mail = { from: 'joe@example.com', to: ['b@far.test'], content: `${head}\r\nHello\r\n` };
  const accepted = (await send(first.port, mail)).at(-1)!;
  await first.logged('deferred');
  // Its segment is full of others, which leave: it is the last one there, and is moved.
  const large = `${head}\r\n${`${'x'.repeat(70)}\r\n`.repeat(1400)}`;
  const others = { ...mail, to: ['b@quick.test'], content: large };
  for (let count = 0; count < 12; count++) await send(first.port, others);
  const id = /queued as (\S+)/u.exec(accepted)![1]!;
  const segment = segmentPath(spoolLayout(first.spool), queueIdSegment(id));
  await until('its segment is removed', () => !existsSync(segment));
  for (const pid of first.pids()) process.kill(pid, 'SIGKILL');
  await until('it has ended', () => !first.program.isRunning);
  // The keys are others now, and those that signed it are still published.
  here.write('r.pem', pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey));
  const next = await startSluice(here.ground, {
    directory: first.directory,
    config: { ...config, route: [{ relay: [`127.0.0.1:${mx.port}`] }] },
  });
  await next.cli('queue', 'retry', '--all');
  await mx.tally.arrived(1);
  assert.deepEqual(resultsOf(mx.messages[0]!.content, published, now()), ['pass', 'pass']);
});
