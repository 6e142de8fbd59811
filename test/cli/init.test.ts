// `sluice init`: its questions, what it writes for each purpose, and that it changes nothing that exists.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Purpose, purposes } from '../../src/cli/init/answers.ts';
import { gatherAnswers } from '../../src/cli/init/ask-questions.ts';
import { type HostFacts, privateNetworks } from '../../src/cli/init/host-facts.ts';
import type { Given } from '../../src/cli/init/questions.ts';
import { loadConfig } from '../../src/config/config.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

const facts: HostFacts = {
  hostname: 'mail.example.com',
  isRoot: false,
  networks: ['10.1.0.0/16'],
  hasUser: () => true,
  lmtp: undefined,
};

/** A person who types these lines, with all that is shown. */
function person(lines: readonly string[]) {
  const rest = [...lines];
  const shown: string[] = [];
  return {
    shown,
    rest,
    ask: (question: string) => {
      shown.push(question);
      return Promise.resolve(rest.shift());
    },
    say: (text: string) => void shown.push(text),
  };
}

/** Options with which each purpose needs no question. */
const enough: Readonly<Record<Purpose, readonly string[]>> = {
  relay: ['--network', '10.0.0.0/8,fd00::/8'],
  smarthost: ['--smarthost', 'smtp.provider.test:587', '--login', 'me@example.com'],
  submission: ['--domain', 'example.com'],
  'mx-backup': ['--domain', 'example.com, example.org', '--primary', 'mx1.example.com'],
  mail: ['--domain', 'example.com', '--lmtp', 'unix:/run/dovecot/lmtp', '--mailbox', 'joe@example.com'],
};

describe('the questions of sluice init', () => {
  it('propose what was found on the host, and an empty line takes that', async () => {
    const anna = person(['', '']);
    const given = await gatherAnswers('relay', {}, facts, anna);
    assert.deepEqual(given, {
      hostname: 'mail.example.com',
      network: '10.1.0.0/16',
      listen: '127.0.0.1:2525',
    });
    assert.match(anna.shown[0] ?? '', /\[mail\.example\.com\]: $/u);
  });

  it('are asked again after a bad answer, with the reason', async () => {
    const anna = person(['mail', 'mx.example.com', '10.1.2.3/24', '10.1.2.0/24, 192.0.2.1']);
    const given = await gatherAnswers('relay', {}, facts, anna);
    assert.equal(given.hostname, 'mx.example.com');
    assert.equal(given.network, '10.1.2.0/24, 192.0.2.1');
    assert.deepEqual(anna.rest, []);
    const reasons = anna.shown.filter((text) => text.startsWith('  '));
    assert.match(reasons[0] ?? '', /"mail" is not a full host name/u);
    assert.match(reasons[1] ?? '', /did you mean "10\.1\.2\.0\/24"\?/u);
  });

  it('that have no proposal need an answer', async () => {
    const anna = person(['', '', '', 'smtp.provider.test', '']);
    const given = await gatherAnswers('smarthost', {}, facts, anna);
    assert.equal(given.smarthost, 'smtp.provider.test');
    assert.ok(anna.shown.includes('  an answer is needed.\n'));
  });

  it('follow from answers before: no key without a certificate, and its usual name with one', async () => {
    const without = person(['', 'example.com', '']);
    assert.equal((await gatherAnswers('submission', {}, facts, without)).key, undefined);
    const having = person(['', 'example.com', '/etc/letsencrypt/live/mx/fullchain.pem', '']);
    const { key } = await gatherAnswers('submission', {}, facts, having);
    assert.equal(key, '/etc/letsencrypt/live/mx/privkey.pem');
  });

  it('are not asked for what an option says', async () => {
    const anna = person([]);
    const options: Given = { hostname: 'a.example.com', network: '' };
    assert.equal((await gatherAnswers('relay', options, facts, anna)).hostname, 'a.example.com');
    assert.deepEqual(anna.shown, []);
  });

  it('end with nothing written when the person ends them', async () => {
    await assert.rejects(gatherAnswers('relay', {}, facts, person([])), { code: 'INIT_CANCELLED' });
  });

  it('that nobody can answer are named all together', async () => {
    const nameless = { ...facts, hostname: 'vm.localdomain' };
    await assert.rejects(gatherAnswers('mx-backup', {}, nameless, undefined), {
      code: 'INIT_MISSING',
      message: /missing --hostname, --domain\./u,
    });
  });

  it('refuse a bad option, and one of another purpose', async () => {
    await assert.rejects(gatherAnswers('relay', { hostname: 'x' }, facts, undefined), {
      code: 'INIT_ANSWER',
      message: /^--hostname: "x" is not a full host name/u,
    });
    await assert.rejects(gatherAnswers('relay', { lmtp: 'unix:/x' }, facts, undefined), {
      code: 'INIT_ANSWER',
      message: /--lmtp does not belong to the purpose "relay"/u,
    });
    for (const nothing of [{ listen: ',' }, { domain: ' , ' }]) {
      await assert.rejects(gatherAnswers('submission', { domain: 'a.test', ...nothing }, facts, undefined), {
        code: 'INIT_ANSWER',
        message: /an answer is needed/u,
      });
    }
    await assert.rejects(gatherAnswers('submission', { domain: 'a.test', key: '/k.pem' }, facts, undefined), {
      code: 'INIT_ANSWER',
      message: /^--key needs --certificate/u,
    });
  });

  it('propose private networks of the interfaces of this host only', () => {
    const of = (cidr: string | null, internal = false) => ({ cidr, internal });
    const found = privateNetworks({
      lo: [of('127.0.0.1/8', true)],
      eth0: [of('10.1.2.3/24'), of('198.51.100.7/24'), of('fe80::1/64'), of('fd12::7/64')],
      eth1: [of('172.20.0.1/16'), of('172.33.0.1/16'), of('10.1.2.9/24'), of(null)],
    });
    assert.deepEqual(found, ['10.1.2.0/24', 'fd12::/64', '172.20.0.0/16']);
  });
});

describe('sluice init', { concurrency: 2 }, () => {
  for (const purpose of Object.keys(purposes) as Purpose[]) {
    it(`writes a configuration for "${purpose}" that sluice check has nothing to say about`, async (t) => {
      const { path } = temporaryFolder(t, 'init');
      chmodSync(path, 0o755); // the user of the processes passes through
      const file = join(path, 'etc/sluice.toml');
      const places = ['--config', file, '--spool', join(path, 'spool'), '--sockets', join(path, 'run')];
      const who = process.getuid?.() === 0 ? ['--run-as', 'nobody'] : [];
      const listen = purpose === 'submission' ? '127.0.0.1:5870' : '127.0.0.1:2525';
      const rest = ['--hostname', 'mail.example.com', '--listen', listen, ...who, ...places];
      const made = await sluice(['init', purpose, ...enough[purpose], ...rest], { input: 'the password\n' });
      assert.equal(made.code, 0, made.stderr);
      const checked = await sluice(['check', file]);
      assert.equal(checked.stderr, '');
      assert.match(checked.stdout, /no problems found/u);
      assert.doesNotMatch(checked.stdout, /warning/u);
      // Only what was asked for: each key has a reason to be there.
      const text = readFileSync(file, 'utf8');
      assert.doesNotMatch(text, /undefined|\[\]|""/u);
      assert.match(made.stdout, new RegExp(`Written: ${file}\n(?:.|\n)*sluice check --config ${file}`, 'u'));
      const config = loadConfig(file);
      assert.equal(config.hostname, 'mail.example.com');
      if (purpose === 'smarthost') {
        assert.equal(statSync(join(path, 'etc/smarthost.password')).mode & 0o777, 0o600);
        assert.equal(readFileSync(join(path, 'etc/smarthost.password'), 'utf8'), 'the password\n');
        assert.doesNotMatch(text, /the password/u);
        assert.doesNotMatch(made.stdout, /the password/u);
      }
    });
  }

  it('leaves a file that exists as it is, and writes none of the others', async (t) => {
    const { path } = temporaryFolder(t, 'init');
    const file = join(path, 'sluice.toml');
    writeFileSync(file, '# mine\n');
    const { code, stderr } = await sluice(['init', 'mail', '--config', file]);
    assert.equal(code, 1);
    assert.match(stderr, /^INIT_EXISTS: /u);
    assert.equal(readFileSync(file, 'utf8'), '# mine\n');
    // One of the files beside it.
    const other = join(path, 'other.toml');
    writeFileSync(join(path, 'mailboxes.list'), 'joe@example.com\n');
    const args = ['--domain', 'example.com', '--hostname', 'mx.example.com', '--config', other];
    const second = await sluice(['init', 'mail', ...args]);
    assert.match(second.stderr, /^INIT_EXISTS: .*mailboxes\.list/u);
    assert.equal(existsSync(other), false);
    assert.deepEqual(readdirSync(path).toSorted(), ['mailboxes.list', 'sluice.toml']);
  });

  it('names what is missing when it cannot ask', async (t) => {
    const { path } = temporaryFolder(t, 'init');
    const { code, stderr } = await sluice(['init', '--config', join(path, 's.toml')]);
    assert.equal(code, 64);
    assert.match(stderr, /^INIT_MISSING: .*the purpose is missing/u);
    const second = await sluice([
      'init',
      'smarthost',
      '--hostname',
      'a.b.test',
      '--config',
      join(path, 's.toml'),
    ]);
    assert.match(second.stderr, /missing --smarthost\./u);
    assert.deepEqual(readdirSync(path), []);
  });
});
