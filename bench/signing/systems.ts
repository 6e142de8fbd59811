// The systems of the signing benchmark: Sluice without and with a key, and Debian's Postfix, tuned for speed, with OpenDKIM as its milter. Each
// relays to the sink, and mail for `checkedDomain` to an exchanger of ours, which verifies its signature.

import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Mx, type MxMessage, startMx } from '../../sim/mx/mx.ts';
import type { Ground } from '../../sim/neighbours/ground.ts';
import { startPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { keyNameOf } from '../../src/dkim/types.ts';
import { recordOf, resultsOf } from '../../test/dkim/support.ts';
import { relayingSluice, type System, tunedPostfix } from '../relay/systems.ts';
import { LoopDelays } from './loop-delays.ts';
import { type SigningKeyFile, startOpenDkim } from './opendkim.ts';

export type SigningSystemName = 'unsigned' | 'signed' | 'postfix';

export interface SigningSystem extends System<SigningSystemName> {
  /** Undefined where the system is not Sluice. */
  readonly loopDelays: { take(): ReturnType<LoopDelays['take']> } | undefined;
}

/** Where all systems get their key, and where mail goes whose signature is verified. */
export interface Surroundings {
  readonly sessions: number;
  readonly sinkPort: number;
  readonly key: SigningKeyFile & { readonly record: string };
  readonly mx: Mx;
  /** What the exchanger has got. */
  readonly checked: readonly MxMessage[];
  /** The folder for CPU profiles of Sluice's processes; null: no profiles. */
  readonly profiles: string | null;
}

const checkedDomain = 'check.test';

/** @param domain - of the author */
export async function surroundings(
  ground: Ground,
  domain: string,
  rest: Pick<Surroundings, 'sessions' | 'sinkPort' | 'profiles'>,
): Promise<Surroundings> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const file = join(ground.folder('key'), 'bench.pem');
  writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  const checked: MxMessage[] = [];
  const mx = await startMx({
    address: '127.0.0.1',
    port: 0,
    onMessage: (message) => void checked.push(message),
  });
  ground.atEnd(() => mx.close());
  return { ...rest, key: { domain, selector: 'bench', file, record: recordOf(publicKey) }, mx, checked };
}

export function startSigningSystem(
  name: SigningSystemName,
  ground: Ground,
  around: Surroundings,
): Promise<SigningSystem> {
  return name === 'postfix' ? startSigningPostfix(ground, around) : startMeasuredSluice(name, ground, around);
}

async function startMeasuredSluice(
  name: 'unsigned' | 'signed',
  ground: Ground,
  { sessions, sinkPort, key, mx, profiles }: Surroundings,
): Promise<SigningSystem> {
  const loopDelays = new LoopDelays(ground.folder(`${name}-loops`));
  const env = { ...loopDelays.env };
  if (profiles !== null)
    env['NODE_OPTIONS'] += ` --cpu-prof --cpu-prof-interval=1000 --cpu-prof-dir=${join(profiles, name)}`;
  const relaying = relayingSluice(sessions, sinkPort);
  const sluice = await startSluice(ground, {
    directory: ground.folder(name),
    env,
    config: {
      ...relaying,
      route: [
        { domain: [checkedDomain], relay: [`127.0.0.1:${mx.port}`] },
        { relay: [`127.0.0.1:${sinkPort}`] },
      ],
      ...(name === 'signed' && {
        signing_key: [{ domain: [key.domain], file: key.file, selector: key.selector }],
      }),
    },
  });
  return {
    name,
    port: sluice.port,
    pids: [sluice.program.pid],
    loopDelays: { take: () => loopDelays.take(sluice.program.pid) },
    stop: async () => void (await sluice.program.stop('SIGTERM')),
  };
}

async function startSigningPostfix(
  ground: Ground,
  { sessions, sinkPort, key, mx }: Surroundings,
): Promise<SigningSystem> {
  const { program, milter } = await startOpenDkim(ground, key);
  const postfix = await startPostfix(ground, 'postfix', {
    main: {
      ...tunedPostfix(sessions, sinkPort),
      transport_maps: `inline:{ {${checkedDomain} = smtp:[127.0.0.1]:${mx.port}} }`,
      smtpd_milters: milter,
      // Mail that cannot be signed is not taken, as with Sluice.
      milter_default_action: 'tempfail',
    },
  });
  return {
    name: 'postfix',
    port: postfix.port,
    pids: [postfix.program.pid, program.pid],
    loopDelays: undefined,
    stop: async () => {
      await postfix.program.stop('SIGTERM');
      await program.stop('SIGTERM');
    },
  };
}

/** Sends one message through the system. @throws {Error} when it arrives with other signatures than the system should make */
export async function checkSignature(
  ground: Ground,
  system: SigningSystem,
  { key, mx, checked }: Surroundings,
): Promise<void> {
  const arrived = mx.tally.arrived(checked.length + 1);
  const addresses = ['-f', `sender@${key.domain}`, '-t', `recipient@${checkedDomain}`];
  await ground.run('smtp-source', ['-m', '1', '-l', '4096', ...addresses, `127.0.0.1:${system.port}`]);
  await arrived;
  const published = { [keyNameOf(key)]: key.record };
  const results = resultsOf(checked.at(-1)!.content, published, Math.floor(Date.now() / 1000));
  const expected = system.name === 'unsigned' ? '' : 'pass';
  if (results.join(' ') !== expected)
    throw new Error(`Checking ${system.name}: its message has signatures with the results "${results}"`);
}
