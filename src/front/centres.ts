// The central servers of a front end, as one receiver process uses them. Promises: connections are bounded; the next server is tried only until
// one has taken a connection and greeted; a server that could not be reached rests, is probed, and comes back by itself.

import type { Deadlines } from '../io/deadlines.ts';
import type { Dial } from '../io/dial.ts';
import type { Logger } from '../log/logger.ts';
import type { RemoteReply } from '../protocol/smtp/client/client-types.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { Troubles } from '../stats/troubles.ts';
import { type CentreServer, formatCentreServer } from '../values/centre-server.ts';
import { CentreLine } from './centre-line.ts';
import {
  allBusy,
  asRefusal,
  FrontError,
  isMisunderstood,
  misunderstood,
  unreachable,
} from './front-error.ts';
import { FrontSession } from './front-session.ts';
import { ServerChoice } from './server-choice.ts';
import type { FrontSettings, ToldClient } from './types.ts';

/** Connections of nobody in particular that are kept for the next message, of each server. */
const mostIdle = 64;

export interface CentresParts {
  readonly dial: Dial;
  readonly deadlines: Deadlines;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  readonly troubles: Troubles;
  readonly random: () => number;
  /** Makes a queue id that is never used again: it tells a message in the Received line and the log. */
  readonly newQueueId: () => string;
}

const noXclient =
  'it does not offer XCLIENT to this host (name this host in xclient of its [[listen]], or set tell_client = "none" in [front])';

/** What is known of one server. */
interface Known {
  readonly server: CentreServer;
  readonly name: string;
  readonly idle: CentreLine[];
  open: number;
  probe: NodeJS.Timeout | undefined;
}

export class Centres {
  readonly #parts: CentresParts;
  #settings: FrontSettings;
  #choice: ServerChoice;
  #known: readonly Known[];
  #isStopped = false;

  constructor(settings: FrontSettings, parts: CentresParts) {
    this.#parts = parts;
    this.#settings = settings;
    this.#known = settings.servers.map(asKnown);
    this.#choice = new ServerChoice(settings.servers.length, settings.weights);
  }

  /** Follows the configuration. Servers that stay keep their connections, and what is known of them is found out again. */
  configure(settings: FrontSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    this.#endAll();
    this.#settings = settings;
    this.#known = settings.servers.map(asKnown);
    this.#choice = new ServerChoice(settings.servers.length, settings.weights);
  }

  /** The reply to MAIL while no server can be reached. */
  get refusal(): Reply | undefined {
    return this.#choice.areAllResting ? unreachable : undefined;
  }

  /** For one incoming connection. */
  session(): FrontSession {
    return new FrontSession(this, this.#parts.newQueueId);
  }

  /**
   * A connection that knows of this client, to the first server that can be reached.
   * @throws {FrontError} when there is none, or when the server refuses the client
   */
  async take(client: ToldClient): Promise<CentreLine> {
    const { random } = this.#parts;
    let isBusy = false;
    for (const index of this.#choice.candidates(random)) {
      const known = this.#known[index];
      if (known === undefined) continue;
      const idle = idleOf(known);
      if (idle !== undefined) return idle;
      if (known.open >= this.#settings.maxConnections) {
        isBusy = true;
        continue;
      }
      const line = await this.#open(known, index);
      if (line === undefined) continue;
      if (this.#settings.tellClient === 'xclient') await this.#tell(line, known, client);
      return line;
    }
    throw new FrontError(isBusy ? allBusy : unreachable);
  }

  /** Gives a connection back that is in no transaction. */
  give(line: CentreLine): void {
    const known = this.#known.find(({ server }) => server === line.server);
    const isKept = known !== undefined && line.told === undefined && line.isUsable && !this.#isStopped;
    if (isKept && known.idle.length < mostIdle) known.idle.push(line);
    else line.quit();
  }

  /** A server that a reload has removed gets no further message, so that it can be stopped. */
  serves(line: CentreLine): boolean {
    return this.#known.some(({ server }) => server === line.server);
  }

  stop(): void {
    this.#isStopped = true;
    this.#endAll();
  }

  /** @returns undefined when it cannot be reached */
  async #open(known: Known, index: number): Promise<CentreLine | undefined> {
    const { dial, deadlines } = this.#parts;
    known.open++;
    try {
      const onClosed = (line: CentreLine): void => {
        known.open--;
        const at = known.idle.indexOf(line);
        if (at !== -1) known.idle.splice(at, 1);
      };
      const line = await CentreLine.open(known.server, this.#settings, { dial, deadlines, onClosed });
      if (this.#settings.tellClient === 'xclient' && !line.canBeTold) {
        line.quit();
        throw new FrontError(unreachable, noXclient);
      }
      this.#worked(known, index);
      return line;
    } catch (error) {
      this.#failed(known, index, error);
      return undefined;
    }
  }

  /** After a refusal, no other server is tried: it is what the centre says of this client. */
  async #tell(line: CentreLine, known: Known, client: ToldClient): Promise<void> {
    line.told = client.address;
    const { troubles } = this.#parts;
    const refused = await line.tell(client);
    if (refused === undefined) {
      troubles.clear(`front:xclient:${known.name}`);
      return;
    }
    if (!isRefusalOfXclient(refused)) throw new FrontError(asRefusal(refused));
    const { code, lines } = refused;
    troubles.raise(
      `front:xclient:${known.name}`,
      'critical',
      `The central server ${known.name} takes no XCLIENT from this host: ${code} ${lines.join(' ')}. No mail goes there.`,
      'Name this host in xclient of its [[listen]], or set tell_client = "none" in [front].',
    );
    throw new FrontError(misunderstood);
  }

  #worked(known: Known, index: number): void {
    const { log, troubles } = this.#parts;
    if (this.#known[index] !== known || !this.#choice.worked(index)) return;
    clearTimeout(known.probe);
    log.info(`the central server ${known.name} can be reached again`);
    troubles.clear(`front:${known.name}`);
    troubles.clear('front');
  }

  #failed(known: Known, index: number, error: unknown): void {
    if (this.#known[index] !== known || this.#isStopped) return;
    const { deadlines, log, troubles } = this.#parts;
    const restMs = this.#choice.failed(index, deadlines.nowMs);
    if (restMs === undefined) return;
    const why = whyOf(error);
    log.warn(`the central server ${known.name} cannot be reached: ${why}`);
    troubles.raise(
      `front:${known.name}`,
      'warning',
      `The central server ${known.name} cannot be reached: ${why}. It gets no mail until it can.`,
      'See whether it runs, and whether this host can connect to it. It is probed, and comes back by itself.',
    );
    if (this.#choice.areAllResting) {
      troubles.raise(
        'front',
        'critical',
        'No central server can be reached, so all mail is answered 451.',
        'See the troubles of the single servers. Clients keep their mail and try again.',
      );
    }
    clearTimeout(known.probe);
    known.probe = setTimeout(() => void this.#probe(known, index), restMs).unref();
  }

  async #probe(known: Known, index: number): Promise<void> {
    const line = await this.#open(known, index);
    if (line === undefined) return;
    if (this.#settings.tellClient === 'none') this.give(line);
    else line.quit();
  }

  #endAll(): void {
    for (const { name, probe, idle } of this.#known) {
      clearTimeout(probe);
      for (const line of idle.splice(0)) line.quit();
      this.#parts.troubles.clear(`front:${name}`);
      this.#parts.troubles.clear(`front:xclient:${name}`);
    }
    this.#parts.troubles.clear('front');
  }
}

function asKnown(server: CentreServer): Known {
  return { server, name: formatCentreServer(server), idle: [], open: 0, probe: undefined };
}

function idleOf({ idle }: Known): CentreLine | undefined {
  for (;;) {
    const line = idle.pop();
    if (line === undefined || line.isUsable) return line;
  }
}

/** The command or its form, and not the client (RFC 5321 4.2.3; 5.7.0 is how Postfix says that a host may not use it). */
function isRefusalOfXclient(reply: RemoteReply): boolean {
  return isMisunderstood(reply) || reply.code === 501 || reply.code === 504 || reply.enhanced === '5.7.0';
}

function whyOf(error: unknown): string {
  if (error instanceof FrontError) return error.why;
  return error instanceof Error ? error.message : String(error);
}
