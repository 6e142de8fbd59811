// What the configuration says of a plugin.

import type { PluginPoint } from '../types.ts';

export interface PluginSettings {
  /** Of the stage. */
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** A folder that the plugin may write to; it is made. */
  readonly folder: string;
  readonly timeLimitMs: number;
  /** Questions that it has at the same time; further ones wait in line. */
  readonly mostQuestions: number;
  readonly mostWaiting: number;
  readonly memoryBytes: number;
  /** Points of which it may have none, since nobody would ask: it then cannot be used. */
  readonly unasked?: readonly PluginPoint[] | undefined;
}
