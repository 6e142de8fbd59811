// All roles in one process, over the same channels: for development, tests and small machines.

import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { managerSocketPath, listenManagerSocket } from '../../channel/manager-socket.ts';
import { localChannel } from '../../channel/channel.ts';
import { LiveCertificates } from '../../tls/live-certificates.ts';
import { factsTogether } from './child.ts';
import type { Desks } from './desks.ts';
import {
  type Health,
  type Instance,
  type InstanceEvents,
  type InstanceParts,
  StartBrokenOff,
} from './instance.ts';
import { LocalFacts } from './local-facts.ts';
import { LocalKeys } from './local-keys.ts';
import { LocalPop3 } from './local-pop3.ts';
import { endLeftOvers } from '../running/life-sign.ts';
import type {
  Asked,
  ControlToManager,
  Pop3ToManager,
  ManagerToReceiver,
  KeysHello,
  ManagerToSender,
  ReceiverToManager,
  ReloadAnswer,
  Response,
  RoleFacts,
  SenderToManager,
} from '../../channel/messages.ts';
import { LiveDiversions } from '../../policy/queues/live-diversions.ts';
import { FullMailboxes } from '../../policy/recipients/full-mailboxes.ts';
import { LiveSrs } from '../../srs/live-srs.ts';
import { noSuchProcess } from '../roles/crash-tests.ts';
import { ReloadRequests } from '../roles/reload-requests.ts';
import type { Role } from '../role.ts';
import { GivenToSender } from '../roles/given-to-sender.ts';
import { ControlRole } from '../roles/control-role.ts';
import { DirectoryLink } from '../roles/directory-link.ts';
import type { KeysLink, LinkEnds } from '../roles/keys-calls.ts';
import { SignerLink } from '../roles/signer-link.ts';
import { ManagerRole } from '../roles/manager-role.ts';
import { receiverAnswerer, takeOfManager } from '../roles/receiver-link.ts';
import type { Pop3RoleParts } from '../roles/pop3-role.ts';
import { ReceiverRole } from '../roles/receiver-role.ts';
import { SenderRole } from '../roles/sender-role.ts';
import { DefenceLink } from '../roles/defence-link.ts';
import { RoomLink } from '../roles/room-link.ts';
import { SendingLink } from '../roles/sending-link.ts';
import { TrialDesk } from '../roles/trial-desk.ts';

export class SingleProcess implements Instance {
  #config: Config;
  readonly #log: Logger;
  readonly #events: InstanceEvents;
  readonly #troubles: Troubles;
  readonly #desks: Desks;
  readonly #handed: InstanceParts['handed'];
  readonly #roles: Role[] = [];
  #isStarted = false;
  #starting: Promise<RoleFacts> | undefined;
  /** Rejects when a stop does not wait for the recovery of the queue. */
  readonly #brokenOff = Promise.withResolvers<never>();
  #isStopping = false;
  #manager: ManagerRole | undefined;
  readonly #facts: LocalFacts;
  readonly #keys: LocalKeys;
  /** Of the receiver and of control: links to the keys role, as the signing of the manager and the receiver. */
  readonly #directories: DirectoryLink[] = [];
  readonly #signing: SignerLink[] = [];
  #closeSocket: () => void = () => undefined;
  readonly #reloads = new ReloadRequests();

  constructor(config: Config, { log, events, troubles, desks, handed }: InstanceParts) {
    this.#config = config;
    this.#log = log;
    this.#events = events;
    this.#troubles = troubles;
    this.#desks = desks;
    this.#handed = handed;
    this.#facts = new LocalFacts(troubles);
    this.#keys = new LocalKeys(log, troubles, this.#facts.countersOf('keys'));
    this.#brokenOff.promise.catch(() => undefined);
  }

  start(): Promise<RoleFacts> {
    this.#starting = this.#start();
    return Promise.race([this.#starting, this.#brokenOff.promise]);
  }

  async #start(): Promise<RoleFacts> {
    const config = this.#config;
    await endLeftOvers(config.spool, this.#log);
    try {
      const facts = await this.#startRoles(config);
      this.#isStarted = true;
      if (this.#config !== config) void this.configure(this.#config);
      return facts;
    } catch (error) {
      // Anything left open would keep the process from ending.
      await this.#stopRoles(0);
      throw error;
    }
  }

  async #startRoles(config: Config): Promise<RoleFacts> {
    const log = this.#log;
    // In one process no role uses this socket. It keeps another manager away from the spool.
    const server = await listenManagerSocket(managerSocketPath(config.spool), (socket) => socket.destroy());
    this.#closeSocket = () => server.close();
    const managerSigning = new SignerLink((ends) => this.#linkToKeys('manager', ends));
    this.#signing.push(managerSigning);
    const srs = new LiveSrs();
    srs.use(this.#desks.srs.secrets);
    this.#desks.srs.onChanged(() => srs.use(this.#desks.srs.secrets));
    const counted = this.#facts.countersOf('manager');
    const manager = await ManagerRole.start(config, log, this.#troubles, managerSigning, srs, counted);
    if (this.#isStopping) throw new StartBrokenOff();
    this.#manager = manager;

    const [senderEnd, senderOfManager] = localChannel<SenderToManager, ManagerToSender>();
    const given = new GivenToSender(srs);
    given.users.openBy((now) => {
      const users = new DirectoryLink((ends) => this.#linkToKeys('sender', ends));
      users.configure(now);
      return users;
    });
    given.identities.use(this.#desks.certificates.identities);
    given.secrets.use(this.#desks.secrets.secrets);
    this.#desks.secrets.onChanged((names) => {
      given.secrets.use(this.#desks.secrets.secrets);
      manager.renewed(names);
    });
    const sender = new SenderRole(config, senderEnd, log, this.#facts.countersOf('sender'), undefined, given);
    senderEnd.receive((batch) => sender.take(batch));
    manager.links.addSender(senderOfManager);
    this.#roles.push(sender);

    const directory = new DirectoryLink((ends) => this.#linkToKeys('receiver', ends));
    const usersOfControl = new DirectoryLink((ends) => this.#linkToKeys('control', ends));
    this.#directories.push(directory, usersOfControl);
    const signing = new SignerLink((ends) => this.#linkToKeys('receiver', ends));
    this.#signing.push(signing);
    await this.#configureKeys(config);
    const [controlEnd, controlOfManager] = localChannel<ControlToManager, Response>();
    const control = new ControlRole(
      config,
      controlEnd,
      log,
      {
        reload: () => this.#reloads.ask(() => this.#events.reload()),
        reopenLog: () => this.#events.reopenLog(),
        crash: () => Promise.reject(noSuchProcess()),
        setQueue: (question) => this.#events.setQueue(question),
      },
      this.#facts.tells(() => this.#desks.certificates.facts),
      usersOfControl,
    );
    controlEnd.receive((batch) => control.take(batch));
    manager.links.addControl(controlOfManager);
    this.#roles.push(control);
    await control.listen(config);

    const [receiverEnd, receiverOfManager] = localChannel<ReceiverToManager, ManagerToReceiver>();
    manager.links.addReceiver(receiverOfManager);
    const sending = new SendingLink((message) => receiverEnd.post(message));
    const room = new RoomLink((message) => receiverEnd.post(message));
    room.linked();
    const defences = new DefenceLink((message) => receiverEnd.post(message));
    defences.linked();
    const trials = new TrialDesk();
    const mailboxes = new FullMailboxes(() => performance.now());
    const diversions = new LiveDiversions();
    const answerer = receiverAnswerer(trials, diversions, log, (response) => receiverEnd.post(response));
    receiverEnd.receive((batch) => takeOfManager(batch, { sending, room, defences, mailboxes, answerer }));
    sending.linked();
    const certificates = new LiveCertificates(this.#desks.certificates.material);
    this.#desks.certificates.onChanged(() => {
      certificates.use(this.#desks.certificates.material);
      given.identities.use(this.#desks.certificates.identities);
    });
    const receiver = await ReceiverRole.start(
      config,
      { index: 0, handed: this.#handed },
      {
        link: receiverEnd,
        log,
        troubles: this.#troubles,
        counters: this.#facts.countersOf('receiver'),
        certificates,
        directory,
        sending,
        room,
        defences,
        signing,
        srs,
        trials,
        mailboxes,
        diversions,
      },
    );
    this.#roles.push(receiver);
    const pop3 = await this.#startPop3(config, { manager, certificates, directory });
    return factsTogether([manager.facts, receiver.facts, pop3.facts]);
  }

  async #startPop3(
    config: Config,
    {
      manager,
      ...parts
    }: Pick<Pop3RoleParts, 'certificates' | 'directory'> & { readonly manager: ManagerRole },
  ): Promise<Role> {
    const [end, ofManager] = localChannel<Pop3ToManager, never>();
    manager.links.addPop3(ofManager);
    const common = { log: this.#log, troubles: this.#troubles, counters: this.#facts.countersOf('pop3') };
    const pop3 = new LocalPop3({ ...parts, ...common, post: (message) => end.post(message) });
    this.#roles.push(pop3);
    await pop3.start(config);
    return pop3;
  }

  async #configureKeys(config: Config): Promise<void> {
    await this.#keys.configure(config);
    for (const directory of this.#directories) directory.configure(config);
    for (const signing of this.#signing) signing.configure(config);
  }

  #linkToKeys(asker: KeysHello['role'], ends: LinkEnds): KeysLink {
    const [receiverEnd, keysEnd] = localChannel<Asked, Response>();
    receiverEnd.receive((batch) => ends.take(batch));
    this.#keys.answer(keysEnd, asker);
    return Object.assign(receiverEnd, { open: () => Promise.resolve() });
  }

  get health(): Health {
    // When this process stands still, nobody asks it.
    return { troubles: this.#facts.allTroubles, isWell: true };
  }

  async configure(config: Config): Promise<readonly string[]> {
    this.#config = config;
    if (!this.#isStarted) return []; // `start` puts it in force when all roles run
    await this.#configureKeys(config);
    if (this.#isStopping || this.#config !== config) return []; // what came meanwhile
    const configured = [
      ...this.#roles.map((role) => role.configure(config)),
      this.#manager?.configure(config),
    ];
    return (await Promise.all(configured)).flatMap((notOpen) => notOpen ?? []);
  }

  reopenLog(): void {
    // All roles write to the log of this process, which its owner opens again.
  }

  reloaded(answer: ReloadAnswer): void {
    this.#reloads.answered(answer);
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    if (this.#manager === undefined) {
      // Nothing of the recovery is needed: the caller ends the process.
      this.#brokenOff.reject(new StartBrokenOff());
      return;
    }
    try {
      await this.#starting;
    } catch {
      return; // a start that fails has stopped the roles that there were
    }
    await this.#stopRoles(graceMs);
  }

  async #stopRoles(graceMs: number): Promise<void> {
    const [sender, control, receiver, pop3] = this.#roles;
    this.#manager?.drain();
    await Promise.all([receiver, sender, pop3].map((role) => role?.stop(graceMs)));
    try {
      await this.#manager?.stop(graceMs);
    } finally {
      for (const directory of this.#directories) directory.close();
      for (const signing of this.#signing) signing.close();
      await this.#keys.stop();
      await control?.stop(graceMs);
      this.#closeSocket();
    }
  }
}
