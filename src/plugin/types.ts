// What a plugin is, and what it is given: the types of `sluice/plugin`. docs/plugins.md tells how to write one.

import type { DeliveryPoints } from './delivery-types.ts';
import type {
  BodyFacts,
  HeaderFacts,
  MailFacts,
  Point,
  RcptFacts,
  SessionFacts,
  Verdict,
} from '../policy/stage.ts';

/** The message with its header, at `headers`. */
export interface PluginHeadersFacts extends MailFacts {
  readonly header: HeaderFacts;
}

/** The whole message, at `content`. */
export interface PluginContentFacts extends PluginHeadersFacts {
  /** The body is fetched as it is read, in pieces of 64 KiB at most, and as often as it is read. It can be read until the answer. */
  readonly body: BodyFacts;
}

/** A verdict, at once or later. To throw is a failure of the plugin: the client is asked to try again later, or as `on_failure` says. */
export type PluginAnswer = Verdict | Promise<Verdict>;

/**
 * The points of the SMTP session at which a plugin decides about mail that comes in. It is asked only at those that it has. Facts are copies
 * of what is known, and as the stages before have left it.
 */
export interface SessionPoints {
  /** The client has connected and was not greeted yet. */
  connect?(facts: SessionFacts): PluginAnswer;
  /** HELO or EHLO. */
  helo?(facts: SessionFacts): PluginAnswer;
  /** A TLS handshake is through. */
  starttls?(facts: SessionFacts): PluginAnswer;
  /** The client has proved to be a user: see `facts.user`. */
  auth?(facts: SessionFacts): PluginAnswer;
  /** MAIL: the sender is known. */
  mail?(facts: MailFacts): PluginAnswer;
  /** RCPT: the decision is about one recipient, `facts.recipient`. */
  rcpt?(facts: RcptFacts): PluginAnswer;
  /** DATA: all recipients are known. */
  data?(facts: MailFacts): PluginAnswer;
  /** The header is complete. */
  headers?(facts: PluginHeadersFacts): PluginAnswer;
  /** The message is complete. */
  content?(facts: PluginContentFacts): PluginAnswer;
}

/** Names of the points of the session. */
export type SessionPoint = Point;

/** What a plugin does: a function for each point that it has. */
export interface PluginPoints extends SessionPoints, DeliveryPoints {
  /**
   * The plugin ends: its file or its options have changed, or Sluice stops. It is called after the last answer, and has a second. It is not
   * called when the plugin had to be ended, so what must not be lost is written as it happens.
   */
  end?(): void | Promise<void>;
}

/** Names of all points at which a plugin can be asked. */
export type PluginPoint = Exclude<keyof PluginPoints, 'end'>;

/** Answers of the DNS, through the resolver of Sluice with its cache. Names are without a final dot, in lower case. */
export interface PluginDns {
  /**
   * IPv4 addresses of a host; none: there are none.
   * @throws {Error} when nobody can tell now; so do the others
   */
  a(host: string): Promise<readonly string[]>;
  /** IPv6 addresses of a host. */
  aaaa(host: string): Promise<readonly string[]>;
  /** The texts of a name, each with its parts joined. */
  txt(name: string): Promise<readonly string[]>;
  /** Mail exchangers of a domain, the preferred first. */
  mx(domain: string): Promise<readonly { readonly preference: number; readonly exchange: string }[]>;
  /** The names of an IP address. They are not checked to lead back to it. */
  ptr(address: string): Promise<readonly string[]>;
}

export interface FetchRequest {
  /** `GET`, or `POST` where there is a body, when not given. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** How long it may take, to the last byte of the answer; 10,000 when not given, at most 60,000. */
  readonly timeLimitMs?: number;
}

/** An answer of a web server, which is complete. Redirects are not followed: they are answers with a status of 3xx. */
export interface FetchAnswer {
  readonly status: number;
  /** Names are in lower case; several fields of one name are joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  /** `bytes` as UTF-8. */
  text(): string;
  /** @throws {SyntaxError} when it is no JSON */
  json(): unknown;
}

/**
 * A small store that outlives restarts, and that all processes with this plugin share: `[[stage]]` tables of different names have different
 * ones. Keys have up to 1 KiB, values up to 64 KiB, and all together 512 MiB. A crash loses nothing; when power fails, what was written in the last
 * seconds may be lost. It works at once, without promises; an error, such as a full disk, is thrown.
 */
export interface PluginState {
  /** Undefined: there is none, or its time is over. */
  get(key: string): string | undefined;
  /** @param keepMs - after this time it is gone; for ever when not given */
  set(key: string, value: string, keepMs?: number): void;
  delete(key: string): void;
  /**
   * Adds to a number, which is 0 when there is none, in one step: no other process comes between.
   * @param keepMs - after this time from the first addition it is 0 again; for ever when not given
   * @returns the sum
   */
  add(key: string, amount: number, keepMs?: number): number;
}

/** What a plugin is given. All that comes from outside comes through here, so that `sluice plugin test` can put something else in its place. */
export interface PluginContext {
  /** Of the [[stage]]. */
  readonly name: string;
  /** What the administrator has written in `options`; read it by `readOptions`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** A folder of this [[stage]] for files that outlive restarts, such as a database of SQLite. All processes with this plugin share it. */
  readonly folder: string;
  readonly state: PluginState;
  /** Ms since 1970. */
  now(): number;
  /** One line of Sluice's log. Lines beyond 100 a second are counted and left out. */
  log(text: string): void;
  /**
   * Calls back again and again, never twice at the same time, until the plugin ends. An error is logged and a failure of the plugin.
   * @returns ends it
   */
  every(ms: number, act: () => void | Promise<void>): () => void;
  /** Calls back once. @returns ends it */
  after(ms: number, act: () => void | Promise<void>): () => void;
  readonly dns: PluginDns;
  /**
   * Asks a web server, by HTTP or HTTPS. Its name is looked up in /etc/hosts and by the resolver of Sluice. Up to 50 requests run at the same
   * time, and others wait; an answer has 10 MiB at most.
   * @throws {Error} when there is no complete answer in time
   */
  fetch(url: string, request?: FetchRequest): Promise<FetchAnswer>;
}

/**
 * Makes the points of a plugin. It is called once in each process, and again when the plugin's file or its options have changed: the new one
 * takes over when it has returned. To throw means that the plugin cannot be used, and the error's message tells the administrator why.
 */
export type PluginSetup = (context: PluginContext) => PluginPoints | Promise<PluginPoints>;

/** A plugin: the default export of its file. Made by `plugin`. */
export interface Plugin {
  /** The version of this interface. */
  readonly sluicePlugin: 1;
  readonly setup: PluginSetup;
}
