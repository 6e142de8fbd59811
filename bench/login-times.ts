// `npm run bench:login-times`: does the time of an answer tell whether there is such a user? For each kind of source on this host and each
// mechanism, log-ins of known and of unknown users take turns, and a rank test compares their times (Mann and Whitney 1947).
// It is no part of the tests: what else the machine does decides how small a difference can be seen.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { editableDatabase } from '../src/directory/edit/database-records.ts';
import { GuardedDirectory } from '../src/directory/guarded-directory.ts';
import type { SourceSettings } from '../src/directory/settings.ts';
import type { Directory } from '../src/directory/types.ts';
import { Users } from '../src/directory/users.ts';
import { HashPool } from '../src/password/hash-pool.ts';
import type { Exchange, Step } from '../src/sasl/exchange.ts';
import { beginExchange } from '../src/sasl/mechanisms.ts';
import { noBindings } from '../src/sasl/scram-exchange.ts';
import { noHints } from '../src/sasl/token-exchanges.ts';
import { Troubles } from '../src/stats/troubles.ts';
import { buildCdb, textForms } from '../src/table/build-cdb.ts';
import type { MechanismName } from '../src/values/login-mechanism.ts';
import { Comparison } from './comparison.ts';

const { values } = parseArgs({
  options: {
    samples: { type: 'string', default: '400' },
    /** Of failed log-ins, in ms. 0 shows what the delay hides. */
    delay: { type: 'string', default: '40' },
    only: { type: 'string', default: '' },
  },
});

const users = 2_000;
const samples = Number(values.samples);
/** Of normally distributed ranks: one comparison of 2,000 without a difference is beyond it. */
const mostZ = 3.5;
/** A smaller difference of medians is that of this program: it shows in answers that ask nobody, too. */
const leastMs = 0.002;

/** A cheap one, so that the rest of the time can be seen: 64 KiB, one pass. */
const hash = '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzYWx0$Yf5e7yEnVgd0tD5cGyTwAhk5YuW4kIVLUOyQkPOvPXo';
const scram =
  'SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
const names = Array.from({ length: users }, (_, number) => `user${number}`);
const addressOf = (name: string): string => `${name}@here.test`;
const record = (name: string) => ({ user: addressOf(name), password: hash, scram });

const database = { timeoutMs: 5_000, cacheBytes: 4 * 1024 ** 2, cacheMs: 5_000, absentCacheMs: 5_000 };

interface Kind {
  readonly mechanisms: readonly MechanismName[];
  /** Makes the files, and names them. */
  readonly sources: (folder: string) => Promise<readonly SourceSettings[]> | readonly SourceSettings[];
}

const withPasswords = ['PLAIN', 'LOGIN'] as const;
const all = [...withPasswords, 'SCRAM-SHA-256'] as const;

function usersFile(folder: string): SourceSettings {
  const path = join(folder, 'users');
  writeFileSync(path, `${names.map((name) => JSON.stringify(record(name))).join('\n')}\n`);
  return { kind: 'users', name: 'users', domains: [], path };
}

async function ownDatabase(folder: string): Promise<SourceSettings> {
  const path = join(folder, 'own.sqlite');
  await editableDatabase(path, { mode: 0o600, owner: undefined }).edit((records) => {
    records.putDomain({ domain: 'here.test' });
    for (const name of names) records.putUser(record(name));
  });
  return { kind: 'sqlite', name: 'own', domains: [], path, key: 'address', query: undefined, ...database };
}

/** A program that asks nobody, and refuses everybody after a moment. */
function program(folder: string): SourceSettings {
  const path = join(folder, 'checkpassword');
  writeFileSync(path, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  return {
    kind: 'checkpassword',
    name: 'program',
    domains: [],
    command: [path],
    timeoutMs: 5_000,
    rememberMs: 0,
  };
}

async function vpopmail(folder: string, isDatabase: boolean): Promise<SourceSettings> {
  const domain = join(folder, 'domains', 'here.test');
  mkdirSync(domain, { recursive: true });
  const text = join(domain, 'vpasswd');
  writeFileSync(
    text,
    `${names.map((name) => `${name}:${hash}:1:0:${name}:/v/${name}:NOQUOTA`).join('\n')}\n`,
  );
  if (isDatabase) await buildCdb(`${text}.cdb`, text, textForms.passwd);
  return { kind: 'vpopmail', name: 'vpopmail', domains: [], path: join(folder, 'domains') };
}

const kinds: Readonly<Record<string, Kind>> = {
  users: { mechanisms: all, sources: (folder) => [usersFile(folder)] },
  sqlite: { mechanisms: all, sources: async (folder) => [await ownDatabase(folder)] },
  'sqlite, no cache': {
    mechanisms: all,
    sources: async (folder) => [{ ...(await ownDatabase(folder)), cacheBytes: 0 } as SourceSettings],
  },
  passwd: {
    mechanisms: withPasswords,
    sources: (folder) => {
      const path = join(folder, 'passwd');
      writeFileSync(path, `${names.map((name) => `${addressOf(name)}:${hash}:::::`).join('\n')}\n`);
      return [{ kind: 'passwd', name: 'passwd', domains: [], path, key: 'address' }];
    },
  },
  'vpopmail, text': { mechanisms: withPasswords, sources: async (folder) => [await vpopmail(folder, false)] },
  'vpopmail, cdb': { mechanisms: withPasswords, sources: async (folder) => [await vpopmail(folder, true)] },
  'users, sqlite': {
    mechanisms: all,
    sources: async (folder) => {
      // All users are in the first source: only strangers are looked up in the second one.
      const second = await ownDatabase(folder);
      return [usersFile(folder), { ...second, cacheBytes: 0, domains: [] } as SourceSettings];
    },
  },
  'users, checkpassword': {
    mechanisms: withPasswords,
    sources: (folder) => [usersFile(folder), program(folder)],
  },
};

const log = { info: () => undefined, warn: () => undefined, error: (text: string) => print(text) };

async function open(
  sources: readonly SourceSettings[],
): Promise<{ readonly asked: Directory; close(): Promise<void> }> {
  const pool = new HashPool({ threads: 1 });
  const parts = {
    log,
    troubles: new Troubles(),
    pool,
    secret: Buffer.alloc(32),
    date: () => Date.now() + 60_000,
  };
  const known = new Users(
    { sources, tokenIssuers: [], defaultDomain: '', hashThreads: 1, rememberMs: 0 },
    parts,
  );
  const rate = { count: 1, perMs: 1 };
  const limits = { perClient: rate, perNetwork: rate, perUser: rate, banMs: 0, exempt: [] };
  const asked = new GuardedDirectory(
    known,
    { ...limits, failureDelayMs: Number(values.delay) },
    {
      log,
      now: () => performance.now(),
      wait: (ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    },
  );
  while ((await asked.find(addressOf('user0'))).kind !== 'user') await new Promise(setImmediate);
  return { asked, close: () => known.close() };
}

/** What a client says, one response after the other; the time of each answer is measured. */
function responses(mechanism: MechanismName, login: string): readonly ((challenge: string) => string)[] {
  switch (mechanism) {
    case 'PLAIN':
      return [() => `\0${login}\0wrong`];
    case 'LOGIN':
      return [() => login, () => 'wrong'];
    default:
      return [
        () => `n,,n=${login},r=abcdefghijklmnop`,
        (challenge) =>
          `c=biws,${challenge.slice(0, challenge.indexOf(','))},p=${Buffer.alloc(32).toString('base64')}`,
      ];
  }
}

async function logIn(asked: Directory, mechanism: MechanismName, login: string): Promise<readonly number[]> {
  const facts = { client: '192.0.2.1', isEncrypted: true };
  const exchange: Exchange = beginExchange(mechanism, asked, facts, {
    bindings: noBindings,
    hints: noHints,
    certificateNames: [],
  });
  const times: number[] = [];
  let step: Step | undefined;
  for (const say of responses(mechanism, login)) {
    const response = Buffer.from(say(step?.kind === 'challenge' ? Buffer.from(step.bytes).toString() : ''));
    const beforeMs = performance.now();
    step = await exchange.respond(response);
    times.push(performance.now() - beforeMs);
  }
  if (step?.kind !== 'wrong') throw new Error(`${mechanism} of ${login} was ${step?.kind}, and not wrong`);
  return times;
}

const stepNames: Readonly<Record<string, readonly string[]>> = {
  PLAIN: ['refusal'],
  LOGIN: ['prompt', 'refusal'],
  'SCRAM-SHA-256': ['salt', 'refusal'],
};

let told = 0;
function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function measure(name: string, { mechanisms, sources }: Kind): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-login-times-'));
  const { asked, close } = await open(await sources(folder));
  for (const mechanism of mechanisms) {
    const comparisons = (stepNames[mechanism] ?? []).map(() => new Comparison());
    for (let number = -20; number < samples; number++) {
      // In random order, so that what comes second has no advantage; no name twice, so that no cache knows one better.
      const isKnownFirst = Math.random() < 0.5;
      for (const isKnown of [isKnownFirst, !isKnownFirst]) {
        const at = (number + users) % users;
        const login = addressOf(isKnown ? (names[at] ?? '') : `nobody${at}`);
        const times = await logIn(asked, mechanism, login);
        if (number >= 0) for (const [index, ms] of times.entries()) comparisons[index]?.add(isKnown, ms);
      }
    }
    for (const [index, comparison] of comparisons.entries()) {
      const { knownMs, unknownMs, z } = comparison.result();
      const isTold = Math.abs(z) > mostZ && Math.abs(knownMs - unknownMs) >= leastMs;
      if (isTold) told++;
      print(
        `${name.padEnd(22)}${mechanism.padEnd(15)}${(stepNames[mechanism]?.[index] ?? '').padEnd(9)}` +
          `known ${knownMs.toFixed(3)} ms, unknown ${unknownMs.toFixed(3)} ms, z = ${z.toFixed(1)}${isTold ? '  TELLS' : ''}`,
      );
    }
  }
  await close();
  rmSync(folder, { recursive: true });
}

for (const [name, kind] of Object.entries(kinds)) if (name.startsWith(values.only)) await measure(name, kind);
print(
  told === 0
    ? 'No time tells known users from unknown ones.'
    : `${told} times tell known users from unknown ones.`,
);
process.exitCode = told === 0 ? 0 : 1;
