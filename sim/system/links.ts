// The links of all processes to the manager: made when a process looks for one, overheard by the books, and broken by faults.

import type { ConfirmedChannel, ConnectManager } from '../../src/channel/manager-link.ts';
import type { Ground } from './ground.ts';
import { link, type LinkEnd, type Overheard } from './link.ts';
import type { ManagerEnd } from './manager-end.ts';
import type { ManagerProcess } from './manager-process.ts';
import type { SimProcess } from './sim-process.ts';

/** How often a role looks for a manager that is not there, as in `manager-socket.ts`. */
const reconnectMs = 50;
/** A batch takes up to so long, when nothing is slow. */
const wellMs = 3;
export interface LinksOptions {
  readonly ground: Ground;
  readonly overheard: Overheard;
  /** The one that runs, if one does. */
  readonly manager: () => ManagerProcess | undefined;
}

export class Links {
  readonly #options: LinksOptions;
  /** Ms that a batch takes at most. */
  #delayMs = wellMs;
  /** The last link of each process. */
  readonly #links = new Map<SimProcess, LinkEnd<never, never>>();

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  /** The way of a process to the manager. */
  from(process: SimProcess): ConnectManager {
    return <Out, In>(isCancelled: () => boolean) =>
      new Promise<ConfirmedChannel<Out, In> | undefined>((resolve) => {
        const look = (): void => {
          const manager = this.#options.manager();
          if (isCancelled()) resolve(undefined);
          else if (manager?.isListening === true) resolve(this.#link<Out, In>(process, manager));
          else process.after(reconnectMs, look);
        };
        process.run(look);
      });
  }

  /** Batches take up to so long from now on; 0: as long as usual. */
  slow(ms: number): void {
    this.#delayMs = Math.max(wellMs, ms);
  }

  break(process: SimProcess): void {
    this.#links.get(process)?.break();
  }

  /** Does each of the two know all that the other has said? */
  isSettled(process: SimProcess, manager: SimProcess): boolean {
    const own = this.#links.get(process);
    return own?.isSettled === true && own.other === manager;
  }

  #link<Out, In>(process: SimProcess, manager: ManagerProcess): ConfirmedChannel<Out, In> {
    const { ground, overheard } = this.#options;
    const { random } = ground;
    const [own, other] = link<Out, In>(
      { ground, overheard, delayMs: () => random.next() * this.#delayMs, tellsAfter: 1 + random.below(8) },
      process,
      manager.process,
    );
    this.#links.set(process, own as unknown as LinkEnd<never, never>);
    manager.accept(other as unknown as ManagerEnd);
    return own;
  }
}
