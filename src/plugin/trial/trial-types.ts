// What goes between a trial of a plugin and the process that runs in.

import type { PluginPoint } from '../types.ts';

/** What is tried. */
export interface TriedPlugin {
  /** Of the stage. */
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export type Trial =
  | { readonly kind: 'usable'; readonly points: readonly PluginPoint[] }
  /** A server could not use it either. @param reason - a clause. @param option - the one that is wrong or missing */
  | { readonly kind: 'unusable'; readonly reason: string; readonly option?: string | undefined }
  /** Its setup failed here, and may not in a server. @param reason - a clause */
  | { readonly kind: 'unknown'; readonly reason: string };
