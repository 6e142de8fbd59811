// The POP3 role in the process of all others, while the configuration has listeners for it. Its code is loaded then.

import type { Pop3ToManager, RoleFacts } from '../../channel/messages.ts';
import type { Config } from '../../config/config.ts';
import { servesPop3 } from '../../settings/pop3.ts';
import type { Pop3Role, Pop3RoleParts } from '../roles/pop3-role.ts';
import type { Role } from '../role.ts';

type LocalParts = Omit<Pop3RoleParts, 'post'> & {
  /** Where the manager takes what is counted. */
  readonly post: (message: Pop3ToManager) => void;
};

export class LocalPop3 implements Role {
  readonly #parts: LocalParts;
  #role: Pop3Role | undefined;

  constructor(parts: LocalParts) {
    this.#parts = parts;
  }

  get facts(): RoleFacts {
    return this.#role?.facts ?? {};
  }

  /** @throws {StartError} when a port cannot be had */
  async start(config: Config): Promise<void> {
    if (!servesPop3(config)) return;
    const { Pop3Role: Loaded } = await import('../roles/pop3-role.ts');
    this.#role = await Loaded.start(config, this.#parts);
  }

  async configure(config: Config): Promise<readonly string[]> {
    const role = this.#role;
    if (role !== undefined && servesPop3(config)) return role.configure(config);
    this.#role = undefined;
    await role?.stop(0);
    try {
      await this.start(config);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  }

  drain(): void {
    this.#role?.drain();
  }

  async stop(graceMs: number): Promise<void> {
    await this.#role?.stop(graceMs);
  }
}
