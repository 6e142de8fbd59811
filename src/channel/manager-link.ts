// A role's lasting link to the manager: when the manager is restarted the link comes back by itself,
// and messages that the old manager may not have taken are posted again.

import { type Channel, channelWindow } from './channel.ts';
import { connectManagerSocket } from './manager-socket.ts';
import type { Hello } from './messages.ts';
import { SocketChannel } from './socket-channel.ts';

/** A channel that tells what its peer has taken. */
export interface ConfirmedChannel<Out, In> extends Channel<Out, In> {
  /** Calls back with how many more messages the peer has taken. */
  onTaken(callback: (count: number) => void): void;
}

/** Resolves to a channel to the manager, however long it takes to come up; to undefined once `isCancelled`. */
export type ConnectManager = <Out, In>(
  isCancelled: () => boolean,
) => Promise<ConfirmedChannel<Out, In> | undefined>;

/** The manager that listens on this socket. */
export function managerAt(path: string): ConnectManager {
  return async <Out, In>(isCancelled: () => boolean) => {
    const socket = await connectManagerSocket(path, isCancelled);
    return socket === undefined ? undefined : new SocketChannel<Out, In>(socket);
  };
}

/**
 * A channel that outlives the peer's process. `repeat`: messages not yet known to be taken are posted to the next one;
 * without it they are lost, and `lost` is called for what was under way as for what is posted while there is no manager.
 */
export class ManagerLink<Out, In> {
  readonly #connect: ConnectManager;
  readonly #hello: () => Hello;
  readonly #take: (batch: readonly In[]) => void;
  readonly #lost: () => void | Promise<void>;
  readonly #repeat: boolean;
  #channel: ConfirmedChannel<Out | Hello, In> | undefined;
  /** Posted and not known to be taken, oldest first; kept only when they must be repeated. */
  #unconfirmed: Out[] = [];
  #drained: (() => void)[] = [];
  #stopped = false;

  constructor(options: {
    readonly connect: ConnectManager;
    /** Said to each manager first. */
    readonly hello: () => Hello;
    readonly repeat: boolean;
    readonly take: (batch: readonly In[]) => void;
    /** The next manager hears nothing before this has resolved. */
    readonly lost: () => void | Promise<void>;
  }) {
    this.#connect = options.connect;
    this.#hello = options.hello;
    this.#repeat = options.repeat;
    this.#take = options.take;
    this.#lost = options.lost;
  }

  /** Resolves once the link is up for the first time. */
  async open(): Promise<void> {
    const channel = await this.#connect<Out | Hello, In>(() => this.#stopped);
    if (channel === undefined) return;
    this.#channel = channel;
    channel.onClosed(() => {
      this.#channel = undefined;
      if (this.#stopped) return;
      void this.#reopen();
    });
    channel.receive(this.#take);
    channel.post(this.#hello());
    for (const message of this.#unconfirmed) channel.post(message);
    if (this.#repeat) this.#forgetTaken(channel);
    const drained = this.#drained;
    this.#drained = [];
    for (const callback of drained) this.whenDrained(callback);
  }

  async #reopen(): Promise<void> {
    await this.#lost();
    await this.open();
  }

  post(message: Out): void {
    if (this.#repeat) this.#unconfirmed.push(message);
    if (this.#channel !== undefined) this.#channel.post(message);
    // Whoever waits for an answer must hear that none will come.
    else if (!this.#repeat && !this.#stopped) queueMicrotask(() => void this.#lost());
  }

  get congested(): boolean {
    // Without a manager messages are safe on disk all the same: the next one finds them, up to what we hold for it.
    return this.#channel?.congested ?? this.#unconfirmed.length > channelWindow;
  }

  whenDrained(callback: () => void): void {
    if (this.#channel === undefined) this.#drained.push(callback);
    else this.#channel.whenDrained(callback);
  }

  close(): void {
    this.#stopped = true;
    this.#channel?.close();
    const drained = this.#drained;
    this.#drained = [];
    for (const callback of drained) callback();
  }

  #forgetTaken(channel: ConfirmedChannel<Out | Hello, In>): void {
    let hellos = 1;
    channel.onTaken((count) => {
      this.#unconfirmed.splice(0, count - hellos);
      hellos = 0;
    });
  }
}
