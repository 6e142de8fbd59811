// Syncs of folders that several deliveries wait for: whoever asks while one is under way shares the next one with all others who ask meanwhile. Promise:
// a sync that somebody waits for has begun after that somebody asked, so it has what was done before.

/** Of one folder. */
interface Folder {
  running: Promise<void>;
  /** Begins when the running one has ended, however it did. */
  next: Promise<void> | undefined;
}

export class GroupedSyncs {
  readonly #sync: (folder: string) => Promise<void>;
  readonly #folders = new Map<string, Folder>();

  /** @param sync - syncs a folder */
  constructor(sync: (folder: string) => Promise<void>) {
    this.#sync = sync;
  }

  /** @throws {Error} what the sync throws, to all who share it */
  sync(folder: string): Promise<void> {
    const known = this.#folders.get(folder);
    if (known === undefined) return this.#begin(folder);
    known.next ??= known.running.then(
      () => this.#begin(folder),
      () => this.#begin(folder),
    );
    return known.next;
  }

  #begin(path: string): Promise<void> {
    const running = this.#sync(path);
    const folder: Folder = { running, next: undefined };
    this.#folders.set(path, folder);
    const ended = (): void => {
      // With a next one, that one has taken the place, or is about to.
      if (this.#folders.get(path) === folder && folder.next === undefined) this.#folders.delete(path);
    };
    running.then(ended, ended);
    return running;
  }
}
