// A role's lasting link to the manager. When the manager is restarted, the link connects to the new one by itself and, if
// asked to (`repeat`), posts the messages again that the old manager may not have taken.

import { type Channel, channelWindow } from './channel.ts';
import { connectManagerSocket } from './manager-socket.ts';
import type { Hello, KeysHello } from './messages.ts';
import { SocketChannel } from './socket-channel.ts';

/** A channel that tells how many messages its peer has taken. */
export interface ConfirmedChannel<Out, In> extends Channel<Out, In> {
  /** Calls back with the number of messages that the peer has taken since the last call. */
  onTaken(callback: (count: number) => void): void;
}

/** Resolves to a channel to the manager, however long the manager takes to start; to undefined once `isCancelled`. */
export type ConnectManager = <Out, In>(
  isCancelled: () => boolean,
) => Promise<ConfirmedChannel<Out, In> | undefined>;

/** Connects to the manager that listens on this socket. */
export function managerAt(path: string): ConnectManager {
  return async <Out, In>(isCancelled: () => boolean) => {
    const socket = await connectManagerSocket(path, isCancelled);
    return socket === undefined ? undefined : new SocketChannel<Out, In>(socket);
  };
}

/**
 * A channel that outlives the process of the manager. With `repeat`, messages that a manager is not known to have taken are
 * posted to the next one. Without it they are lost: `lost` is called when the manager ends, and for each message that is
 * posted while there is no manager.
 */
export class ManagerLink<Out, In> {
  readonly #connect: ConnectManager;
  readonly #hello: () => Hello | KeysHello;
  readonly #take: (batch: readonly In[]) => void;
  readonly #managerLost: () => void | Promise<void>;
  readonly #repeat: boolean;
  #channel: ConfirmedChannel<Out | Hello | KeysHello, In> | undefined;
  /** Posted and not known to be taken, oldest first; kept only when they must be repeated. */
  #unconfirmed: Out[] = [];
  #drainedCallbacks: (() => void)[] = [];
  #linkedCallbacks: (() => void)[] = [];
  #isClosed = false;

  constructor(options: {
    readonly connect: ConnectManager;
    /** Makes the first message to each manager. */
    readonly hello: () => Hello | KeysHello;
    readonly repeat: boolean;
    readonly take: (batch: readonly In[]) => void;
    /** The link connects to the next manager only after this has resolved. */
    readonly lost: () => void | Promise<void>;
  }) {
    this.#connect = options.connect;
    this.#hello = options.hello;
    this.#repeat = options.repeat;
    this.#take = options.take;
    this.#managerLost = options.lost;
  }

  /** Resolves when the link is connected to a manager. */
  async open(): Promise<void> {
    const channel = await this.#connect<Out | Hello | KeysHello, In>(() => this.#isClosed);
    if (channel === undefined) return;
    if (this.#isClosed) {
      channel.close();
      return;
    }
    this.#channel = channel;
    channel.onClosed(() => {
      this.#channel = undefined;
      if (this.#isClosed) return;
      void this.#reopen();
    });
    channel.receive(this.#take);
    channel.post(this.#hello());
    for (const message of this.#unconfirmed) channel.post(message);
    for (const callback of this.#linkedCallbacks.splice(0)) callback();
    if (this.#repeat) this.#forgetTaken(channel);
    const drained = this.#drainedCallbacks;
    this.#drainedCallbacks = [];
    for (const callback of drained) this.whenDrained(callback);
  }

  async #reopen(): Promise<void> {
    await this.#managerLost();
    await this.open();
  }

  post(message: Out): void {
    if (this.#repeat) this.#unconfirmed.push(message);
    if (this.#channel !== undefined) this.#channel.post(message);
    // The role may wait for an answer to this message, and must hear that none will come.
    else if (!this.#repeat && !this.#isClosed) queueMicrotask(() => void this.#managerLost());
  }

  get congested(): boolean {
    // Submitted messages are on disk, so a receiver goes on without a manager, up to one window of unconfirmed messages.
    return this.#channel?.congested ?? this.#unconfirmed.length > channelWindow;
  }

  whenDrained(callback: () => void): void {
    if (this.#channel === undefined) this.#drainedCallbacks.push(callback);
    else this.#channel.whenDrained(callback);
  }

  /** Calls back as soon as a manager is linked and was told the hello; at once if one is. */
  whenLinked(callback: () => void): void {
    if (this.#channel === undefined && !this.#isClosed) this.#linkedCallbacks.push(callback);
    else callback();
  }

  close(): void {
    this.#isClosed = true;
    this.#channel?.close();
    for (const callback of this.#linkedCallbacks.splice(0)) callback();
    const drained = this.#drainedCallbacks;
    this.#drainedCallbacks = [];
    for (const callback of drained) callback();
  }

  #forgetTaken(channel: ConfirmedChannel<Out | Hello | KeysHello, In>): void {
    let hellos = 1;
    channel.onTaken((count) => {
      this.#unconfirmed.splice(0, count - hellos);
      hellos = 0;
    });
  }
}
