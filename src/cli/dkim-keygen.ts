// `sluice dkim keygen` makes a key and says what to do with it; `sluice dkim rotate` makes the next key of a domain, and says when the one before
// may go. Neither changes the configuration or a key that is there.

import { generateKeyPairSync } from 'node:crypto';
import { chownSync, closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type Command, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { selectorOfFile } from '../config/schema/signing-key.ts';
import { keyNameOf } from '../dkim/types.ts';
import { makeFolder } from '../io/make-folder.ts';
import { roleUsers } from '../process/privileges/role-users.ts';
import { parsePrivateKey, type PrivateKey } from '../signing/private-key.ts';
import { zoneLines } from '../signing/public-record.ts';
import { checkDomain } from '../values/domain-name.ts';
import { configOption, readConfig } from './config-file.ts';
import { type FoundKey, keyFolder, keysOf } from './dkim-keys.ts';
import { domainArgument } from './domain-argument.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { spoolOwner } from './spool-owner.ts';
import { writeReason } from './write-reason.ts';

type KeyType = 'rsa' | 'ed25519';

interface Options {
  readonly config?: string;
  readonly selector?: string;
  readonly type?: KeyType;
  readonly bits: string;
}

export function registerKeygen(dkim: Command): void {
  const options = (command: Command): Command =>
    command
      .argument('<domain>', 'the domain that signs')
      .addOption(configOption())
      .option('--selector <name>', 'the name of the key in the DNS (default: of the month, such as s202611)')
      .addOption(
        new Option('--bits <count>', 'the size of an RSA key')
          .choices(['2048', '3072', '4096'])
          .default('2048'),
      );
  options(
    dkim.command('keygen').description('make a key for a domain, and say what to publish and to configure'),
  )
    .addOption(new Option('--type <type>', 'the type of the key (default: rsa)').choices(['rsa', 'ed25519']))
    .action(keygen);
  options(
    dkim.command('rotate').description('make the next key of a domain, and say when the one before may go'),
  ).action(rotate);
}

function keygen(text: string, options: Options): void {
  const config = readConfig(options.config);
  const domain = domainArgument(text);
  const type = options.type ?? 'rsa';
  const made = makeKey(config, keyFolder(config, domain), domain, type, options);
  const file = config.file === undefined ? made.path : relative(dirname(config.file), made.path);
  process.stdout.write(`The key is in ${made.path}.

1. Publish its public part:

${made.zone}
2. When "sluice dkim check ${domain}" says that it is published, put it into the configuration, and run "sluice reload":

[[signing_key]]
domain = ["${domain}", "*.${domain}"]
file = "${file}"
`);
}

async function rotate(text: string, options: Options): Promise<void> {
  const config = readConfig(options.config);
  const domain = domainArgument(text);
  const before = (await keysOf(config, domain)).filter(({ signs }) => signs);
  const [first] = before;
  if (first === undefined) {
    const advice = `Make the first one with sluice dkim keygen ${domain}.`;
    throw new CommandError(exitCodes.failed, 'DKIM_NO_KEY', `No key signs mail of ${domain}.`, advice);
  }
  if (options.selector !== undefined && before.length > 1)
    throw new CommandError(
      exitCodes.usage,
      'VALUE_INVALID',
      `${before.length} keys sign mail of ${domain}, and each next one needs a name of its own.`,
      'Leave out --selector, or make them one by one with sluice dkim keygen.',
    );
  // A domain may have one key of each type: each of them gets a next one.
  const made = before.map((key) => {
    const next = makeKey(config, dirname(key.path), key.domain, typeOf(key), options);
    return { key, next };
  });
  const records = made.map(({ next }) => next.zone).join('');
  const changes = made
    .map(({ key, next }) => `  ${key.path} becomes\n  ${next.path} (selector ${next.selector})\n`)
    .join('');
  const names = made.map(({ key }) => `  ${key.name}\n`).join('');
  process.stdout.write(`1. Publish the public part:

${records}
2. When "sluice dkim check ${domain}" says that it is published, change file (and selector, if it is given) in [[signing_key]], and run "sluice reload":

${changes}
3. Leave the record of the old key published until mail that it has signed is through: it may wait here for ${daysText(config.queue.lifetime)}, at other
   servers for five days, and be verified by those who fetch it later. If you reload today, remove or revoke (p=) it after ${lastDay(config)}:

${names}`);
}

/** The lifetime here, and that at another server (RFC 5321 4.5.4.1: at least four to five days), with two days for mailboxes. */
function lastDay({ queue }: Config): string {
  const ms = queue.lifetime + 7 * dayMs;
  return new Date(Date.now() + ms).toISOString().slice(0, 10);
}

const dayMs = 24 * 60 * 60 * 1000;

function daysText(ms: number): string {
  const days = Math.ceil(ms / dayMs);
  return `${days} ${days === 1 ? 'day' : 'days'}`;
}

function typeOf({ file }: FoundKey): KeyType {
  return file.kind === 'key' && file.key.algorithm === 'ed25519-sha256' ? 'ed25519' : 'rsa';
}

interface MadeKey {
  readonly path: string;
  readonly selector: string;
  /** Its record, as lines of a zone file. */
  readonly zone: string;
}

function makeKey(
  config: Config,
  folder: string,
  domain: string,
  type: KeyType,
  { selector: wanted, bits }: Options,
): MadeKey {
  const selectors = wanted === undefined ? selectorsOfMonth(type) : [selectorOf(wanted)];
  for (const selector of selectors) checkKeyName(keyNameOf({ selector, domain }));
  const pem = type === 'rsa' ? rsaPem(Number(bits)) : ed25519Pem();
  for (const selector of selectors) {
    const path = join(folder, `${selector}.pem`);
    if (!writeNew(config, path, pem)) continue;
    return { path, selector, zone: zoneLines(keyNameOf({ selector, domain }), keyOf(pem)) };
  }
  const path = join(folder, `${wanted ?? selectors[0] ?? ''}.pem`);
  throw new CommandError(
    exitCodes.failed,
    'DKIM_KEY_EXISTS',
    `Making a key: ${path} is there already.`,
    'Choose another --selector: a key is never replaced.',
  );
}

/** Of the month, with a letter behind it when there is one already. */
function selectorsOfMonth(type: KeyType): string[] {
  const month = new Date().toISOString().slice(0, 7).replace('-', '');
  const first = `${type === 'rsa' ? 's' : 'e'}${month}`;
  return [first, ...[...'bcdefghij'].map((letter) => `${first}${letter}`)];
}

function selectorOf(text: string): string {
  const selector = text.toLowerCase();
  if (
    checkDomain(selector) === 'ok' &&
    /^[\x21-\x7e]+$/.test(selector) &&
    selectorOfFile(`${selector}.pem`) === selector
  )
    return selector;
  throw new CommandError(
    exitCodes.usage,
    'VALUE_INVALID',
    `${JSON.stringify(text)} is not a selector.`,
    'Write letters, digits and "-", such as s2026.',
  );
}

/** RFC 1035 2.3.4: 255 octets with the lengths of the labels, which are 253 characters. */
const longestName = 253;

function checkKeyName(name: string): void {
  if (name.length <= longestName) return;
  throw new CommandError(
    exitCodes.usage,
    'VALUE_INVALID',
    `The name of the key would have ${name.length} characters, and the DNS takes ${longestName}: ${name}`,
    'Give a shorter --selector, or sign as the domain above it (sign_as).',
  );
}

function rsaPem(bits: number): string {
  return generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { format: 'pem', type: 'spki' },
    privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
  }).privateKey;
}

function ed25519Pem(): string {
  return generateKeyPairSync('ed25519', {
    publicKeyEncoding: { format: 'pem', type: 'spki' },
    privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
  }).privateKey;
}

function keyOf(pem: string): PrivateKey {
  const key = parsePrivateKey(pem);
  if ('fault' in key) throw new Error(`the new key cannot be used: ${key.fault}`);
  return key;
}

/** Readable for the keys process alone. @returns false when there is such a file */
function writeNew(config: Config, path: string, pem: string): boolean {
  let fd: number;
  try {
    makeFolder(dirname(path), 0o755);
    fd = openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    const message = `Making a key: writing ${path}: ${writeReason(error)}.`;
    throw new CommandError(
      exitCodes.failed,
      'DKIM_KEY_UNWRITABLE',
      message,
      'Run it as root, or as a user who may write there.',
    );
  }
  try {
    writeSync(fd, pem);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  // Root makes it for the process that will read it.
  const owner = process.getuid?.() === 0 ? (roleUsers(config)?.of.keys ?? spoolOwner(config)) : undefined;
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  return true;
}
