// The filters of OpenSMTPD of a process, by their stages: each is one program, for all listeners, which goes on over a reload.

import type { Config } from '../../config/config.ts';
import { FilterHost, type FilterHostParts } from '../../policy/opensmtpd-filter/filter-host.ts';
import { filterPrograms } from '../../settings/opensmtpd-filter-stage.ts';

export class FilterHosts {
  readonly #parts: FilterHostParts;
  readonly #hosts = new Map<string, FilterHost>();

  constructor(parts: FilterHostParts) {
    this.#parts = parts;
  }

  /** Puts a configuration in force: programs begin, change and end. */
  configure(config: Config): void {
    const wanted = filterPrograms(config);
    for (const [name, host] of this.#hosts) {
      if (wanted.some((each) => each.name === name)) continue;
      this.#hosts.delete(name);
      void host.close();
    }
    for (const settings of wanted) {
      const host = this.#hosts.get(settings.name);
      if (host === undefined) this.#hosts.set(settings.name, new FilterHost(settings, this.#parts));
      else host.configure(settings);
    }
  }

  /** The program of a stage of the configuration in force. */
  of(name: string): FilterHost {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new TypeError(`there is no filter for the stage ${name}`);
    return host;
  }

  async close(): Promise<void> {
    const hosts = [...this.#hosts.values()];
    this.#hosts.clear();
    await Promise.all(hosts.map((host) => host.close()));
  }
}
