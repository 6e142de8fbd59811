// Runs plugins of qmail-spp as programs. Promises: the programs that run at a time are bounded, and so are the line of those who wait for one, and
// the time and the output of each.

import type { Places } from '../../io/places.ts';
import { runProgram } from '../../io/run-program.ts';
import type { ClientNames } from '../client-names.ts';
import { takePlace } from '../in-turn.ts';
import type { SessionFacts } from '../stage.ts';
import { sessionVariables, type SppSurroundings } from './plugin-environment.ts';
import { readSppOutput, type SppCommand } from './plugin-output.ts';
import type { SppSession } from './spp-session.ts';

/** What a plugin may print: some lines. */
const mostPrintedBytes = 64 * 1024;
/** The most of a line of its standard error that is logged. */
const mostComplaint = 1000;
/** qmail-spp's sign that a plugin could not do its work. */
const failedExit = 120;

export interface PluginProgramsParts {
  /** Where paths of plugins begin, and where plugins run. */
  readonly home: string;
  readonly surroundings: SppSurroundings;
  /** For the programs of all sessions. */
  readonly places: Places;
  /** Undefined: plugins get no name of the client. */
  readonly names: Pick<ClientNames, 'of'> | undefined;
  /** Gets each line that plugins write to their standard error. */
  readonly complain: (line: string) => void;
}

export class PluginPrograms {
  readonly #parts: PluginProgramsParts;
  readonly #running = new AbortController();

  constructor(parts: PluginProgramsParts) {
    this.#parts = parts;
  }

  /** NOSPP is in the environment of every plugin. */
  get isOff(): boolean {
    return this.#parts.surroundings.base['NOSPP'] !== undefined;
  }

  /**
   * @param plugin - a path, or `:` and a command for the shell
   * @param command - its own variables, and when its time is over, by `performance.now()`
   * @throws {Error} with a clause about what went wrong
   */
  async run(
    plugin: string,
    facts: SessionFacts,
    session: SppSession,
    { own, untilMs }: { readonly own: Readonly<Record<string, string>>; readonly untilMs: number },
  ): Promise<readonly SppCommand[]> {
    const { places, home } = this.#parts;
    const variables = (session.variables ??= await this.#variablesOf(facts));
    await takePlace(places, Math.max(1, untilMs - performance.now()), facts);
    try {
      const command = commandLine(plugin);
      const timeMs = Math.max(1, untilMs - performance.now());
      const limits = { timeMs, mostBytes: mostPrintedBytes, signal: this.#running.signal };
      const run = await runProgram(command, limits, {
        environment: { ...variables, ...own },
        folder: home,
        onComplaint: this.#complaints(plugin),
        mayLeaveOthers: true,
      });
      switch (run.kind) {
        case 'not-started':
          throw new Error(`${plugin} cannot be started: ${reasonOf(run.code)}`);
        case 'late':
          throw new Error(`${plugin} did not end in time, and was killed`);
        case 'talkative':
          throw new Error(`${plugin} printed more than ${mostPrintedBytes} bytes, and was killed`);
        case 'ended':
          return commandsOf(plugin, run.code, run.printed);
      }
    } finally {
      places.leave();
    }
  }

  async #variablesOf(facts: SessionFacts): Promise<Record<string, string>> {
    const { names, surroundings } = this.#parts;
    const { address, frontEnd } = facts.client;
    let name = frontEnd?.clientName;
    if (name === undefined && names !== undefined && address !== '' && frontEnd?.knowsClient !== false) {
      const found = await names.of(address);
      if (found.kind === 'names') [name] = found.names.toSorted();
    }
    return sessionVariables(facts, surroundings, name);
  }

  /** Whole lines of the standard error go to the log, as the log of qmail-smtpd has them. */
  #complaints(plugin: string): (piece: Buffer) => void {
    let rest = '';
    return (piece) => {
      const lines = (rest + piece.toString('utf8')).split('\n');
      rest = (lines.pop() ?? '').slice(0, mostComplaint);
      for (const line of lines) this.#parts.complain(`${plugin}: ${line.slice(0, mostComplaint)}`);
    };
  }
}

function commandLine(plugin: string): readonly string[] {
  if (plugin.startsWith(':')) return ['/bin/sh', '-c', plugin.slice(1)];
  // A path from the folder of plugins, and nothing to search for.
  return [plugin.includes('/') ? plugin : `./${plugin}`];
}

/** @param code - of the system's error */
function reasonOf(code: string): string {
  if (code === 'ENOENT') return 'ENOENT (there is no such file, or none of the name in its first line)';
  if (code === 'EACCES') return 'EACCES (it may not be run: see its mode, and those of its folders)';
  if (code === 'ENOEXEC')
    return 'ENOEXEC (a script has #! and the path of its interpreter in its first line)';
  return code;
}

/** @param code - null when a signal has ended it */
function commandsOf(plugin: string, code: number | null, printed: Buffer): readonly SppCommand[] {
  if (code === null) throw new Error(`${plugin} was ended by a signal`);
  if (code === failedExit) throw new Error(`${plugin} failed with the exit code ${failedExit}`);
  const output = readSppOutput(printed);
  if (output.kind === 'garbage') throw new Error(`${plugin}: ${output.reason}`);
  return output.commands;
}
