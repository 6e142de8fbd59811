// Processes of roles: how they start, fail to start, and end with their supervisor.

import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { Session } from '../../sim/mx/submitter.ts';
import { Ground } from '../../sim/neighbours/ground.ts';
import { connectManagerSocket, managerSocketPath } from '../../src/channel/manager-socket.ts';
import { newPassKey, passOf } from '../../src/channel/pass.ts';
import { SocketChannel } from '../../src/channel/socket-channel.ts';
import { parseConfig } from '../../src/config/config.ts';
import type {
  ControlToManager,
  Response,
  RoleToSupervisor,
  SupervisorToRole,
} from '../../src/channel/messages.ts';
import { selfSigned } from '../support/certificates.ts';

/** The start message's fields for the first process of a role. */
const first = { index: 0, serial: 1, pass: '', senders: [] };

/** What the supervisor tells a receiver after its start. */
const { chain, key } = selfSigned();
const certificates: SupervisorToRole = {
  kind: 'certificates',
  material: {
    certificates: [{ chain, key, keyType: 'ecdsa', names: [] }],
    ticketKeys: { current: Buffer.alloc(48).toString('base64'), former: '' },
    authorities: {},
  },
};

const program = new URL('../../src/process/roles/role-main.ts', import.meta.url);

/** The process of a role, with the test as its supervisor. */
class RoleProcess {
  readonly #child: ChildProcess;
  readonly #heard: RoleToSupervisor[] = [];
  readonly exited: Promise<number | null>;
  #wake: () => void = () => undefined;

  constructor(ground: Ground, name: string) {
    this.#child = fork(program, [name], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child.on('message', (message: RoleToSupervisor) => {
      this.#heard.push(message);
      this.#wake();
    });
    this.exited = once(this.#child, 'exit').then(([code]) => code as number | null);
    ground.atEnd(async () => {
      this.#child.kill('SIGKILL');
      await this.exited;
    });
  }

  tell(message: SupervisorToRole): void {
    this.#child.send(message);
  }

  async hears(): Promise<RoleToSupervisor> {
    for (;;) {
      const message = this.#heard.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  disconnect(): void {
    this.#child.disconnect();
  }
}

function config(ground: Ground, rest: string) {
  const folder = ground.folder('sluice');
  mkdirSync(`${folder}/spool`, { recursive: true });
  return parseConfig(
    `hostname = "sluice.test"\nspool = "spool"\n[[listen]]\naddress = "127.0.0.1:0"\n${rest}`,
    `${folder}/sluice.toml`,
  );
}

test('a configuration that comes while a role is starting is in force when the role runs', async (t) => {
  const ground = Ground.of(t);
  const receiver = new RoleProcess(ground, 'receiver');
  receiver.tell({ kind: 'start', config: config(ground, ''), ...first });
  receiver.tell(certificates);
  receiver.tell({
    kind: 'configure',
    reload: 1,
    config: config(ground, '[receive]\nmax_message_size = "1KiB"\n'),
  });
  const started = await receiver.hears();
  assert.ok(started.kind === 'started');
  const [listening = ''] = started.facts.listening ?? [];
  const session = await Session.open('127.0.0.1', Number(listening.split(':')[1]));
  session.write('MAIL FROM:<a@client.test> SIZE=2000\r\n');
  assert.match(await session.reply(), /^552 5\.3\.4/u);
  await session.quit();
  receiver.tell({ kind: 'stop', graceMs: 1_000 });
  assert.equal(await receiver.exited, 0);
});

test('a role without its supervisor ends', async (t) => {
  const ground = Ground.of(t);
  const sender = new RoleProcess(ground, 'sender');
  sender.tell({ kind: 'start', config: config(ground, ''), ...first }); // looks for its manager
  sender.disconnect();
  assert.equal(await sender.exited, 0);
});

test('a process that cannot prove its role is turned away by the manager, and one that can is heard', async (t) => {
  const ground = Ground.of(t);
  const manager = new RoleProcess(ground, 'manager');
  const settings = config(ground, '');
  const key = newPassKey();
  manager.tell({ kind: 'start', config: settings, ...first, pass: key });
  const started = await manager.hears();
  assert.equal(started.kind === 'awaits' ? (await manager.hears()).kind : started.kind, 'started');
  const control = { role: 'control', index: 0, serial: 2 } as const;
  const answered = async (pass: string): Promise<'closed' | 'answered'> => {
    const socket = await connectManagerSocket(managerSocketPath(settings.spool), () => false);
    assert.ok(socket !== undefined);
    ground.atEnd(() => void socket.destroy());
    const channel = new SocketChannel<ControlToManager, Response>(socket);
    const result = Promise.withResolvers<'closed' | 'answered'>();
    channel.onClosed(() => result.resolve('closed'));
    channel.receive(() => result.resolve('answered'));
    channel.post({ kind: 'hello', ...control, pass });
    channel.post({ kind: 'request', id: 1, operation: 'ping', question: {} });
    return result.promise;
  };
  assert.equal(await answered(passOf(key, { ...control, role: 'receiver' })), 'closed');
  assert.equal(await answered(passOf(key, control)), 'answered');
});

test('a role that cannot start says why, with what to do about it', async (t) => {
  const ground = Ground.of(t);
  const receiver = new RoleProcess(ground, 'receiver');
  const unusable = config(ground, '');
  receiver.tell({
    kind: 'start',
    // An address for documentation (RFC 5737): no machine has it.
    config: {
      ...unusable,
      listen: [{ ...unusable.listen[0]!, address: { kind: 'tcp', host: '192.0.2.1', port: 2525 } }],
    },
    ...first,
  });
  receiver.tell(certificates);
  assert.deepEqual(await receiver.hears(), {
    kind: 'failed',
    code: 'LISTEN_FAILED',
    message: 'Listening on 192.0.2.1:2525: this machine has no such address.',
    advice: 'Set an address of this machine under [[listen]].',
  });
  assert.equal(await receiver.exited, 1);
});
