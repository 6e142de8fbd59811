// A plugin as the manager asks it about outgoing mail: in production a worker thread is behind it, in a simulation a model.

/** What came of telling the plugin something. `wasAsked`: whether it may have heard of it. */
export type Told = { readonly value: unknown } | { readonly fault: string; readonly wasAsked: boolean };

export interface DeliveryPlugin {
  /** Of its [[stage]]. */
  readonly name: string;
  /** After so many failures in a row at `route` it is left alone for a time; undefined: never. */
  readonly breaker?: { readonly failures: number; readonly restMs: number } | undefined;
  /**
   * Asks which way one recipient goes.
   * @param facts - `RouteFacts` of `plugin/delivery-types.ts`
   * @returns what the plugin answered, which is not checked; rejects when it threw, hung or died, with the reason as a clause
   */
  route(facts: object): Promise<unknown>;
  /**
   * Tells what became of attempts. Never rejects.
   * @param batch - `AttemptFacts`
   * @returns in their order, when the plugin is through with all of them
   */
  attempts(batch: readonly object[]): Promise<readonly Told[]>;
}

/** The plugins of one configuration, in the order of the file. */
export interface DeliveryPlugins {
  /** Those that are asked which way a recipient goes. */
  readonly routing: readonly DeliveryPlugin[];
  /** Those that are told of attempts. */
  readonly told: readonly DeliveryPlugin[];
}

export const noPlugins: DeliveryPlugins = { routing: [], told: [] };
