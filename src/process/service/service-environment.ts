// What a service manager tells Sluice in environment variables: where to send its state (sd_notify(3)), how often to say that it lives
// (sd_watchdog_enabled(3)), and which sockets it hands over (sd_listen_fds(3)).
// Promises: the variables are removed, so that no process that Sluice starts takes them for its own.

/** One descriptor that was handed over, with the name that the service manager gives it. */
export interface HandedDescriptor {
  readonly fd: number;
  /** `FileDescriptorName=` of the socket unit, by default the name of that unit; empty when none is told. */
  readonly name: string;
}

export interface ServiceEnvironment {
  /** Where messages go: a path, or `@` and an abstract name; undefined: no service manager waits for any. */
  readonly notifySocket: string | undefined;
  /** A descriptor that is connected to that socket. */
  readonly notifyDescriptor: number | undefined;
  /** Without a sign of life for this long, the service manager restarts Sluice; undefined: it does not watch. */
  readonly watchdogMs: number | undefined;
  readonly descriptors: readonly HandedDescriptor[];
}

/** The first descriptor that is handed over (SD_LISTEN_FDS_START). */
const firstDescriptor = 3;
/** More than a service can have. A larger number is none that a service manager wrote. */
const mostDescriptors = 1_000;

/** The name of a descriptor for messages: `OpenFile=/run/systemd/notify:notify` in the unit. */
const notifyName = 'notify';

const variables =
  'NOTIFY_SOCKET SLUICE_NOTIFY_FD WATCHDOG_USEC WATCHDOG_PID LISTEN_FDS LISTEN_PID LISTEN_PIDFDID LISTEN_FDNAMES'.split(
    ' ',
  );

/** Reads the variables and removes them. @param pid - of this process: what is meant for another one does not count */
export function takeServiceEnvironment(env: NodeJS.ProcessEnv, pid: number): ServiceEnvironment {
  const { NOTIFY_SOCKET: socket = '', SLUICE_NOTIFY_FD: connected, WATCHDOG_USEC: watchdog } = env;
  const { WATCHDOG_PID: watched = String(pid), LISTEN_PID: listening } = env;
  const handed = listening === String(pid) ? descriptorsOf(env) : [];
  const notifyDescriptor = numberOf(connected) ?? handed.find(({ name }) => name === notifyName)?.fd;
  const watchdogUs = numberOf(watchdog);
  for (const name of variables) delete env[name];
  return {
    notifySocket: socket === '' ? undefined : socket,
    notifyDescriptor: socket === '' ? undefined : notifyDescriptor,
    watchdogMs:
      watched === String(pid) && watchdogUs !== undefined && watchdogUs > 0 ? watchdogUs / 1_000 : undefined,
    descriptors: handed.filter(({ name }) => name !== notifyName),
  };
}

function descriptorsOf({ LISTEN_FDS: count, LISTEN_FDNAMES: names = '' }: NodeJS.ProcessEnv) {
  const all = names.split(':');
  const length = Math.min(numberOf(count) ?? 0, mostDescriptors);
  return Array.from({ length }, (_, index) => ({ fd: firstDescriptor + index, name: all[index] ?? '' }));
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/u.test(text) ? Number(text) : undefined;
}
