// Carries out what a scheduler wants done: the manager, simulations, benchmarks and tests all drive theirs with this, so that
// they see its effects alike.

import type { Effect, Scheduler } from './types.ts';

/** An effect of one kind. */
export type EffectOf<Kind extends Effect['kind']> = Extract<Effect, { readonly kind: Kind }>;

/** What is done about each kind of effect; see `Effect`. */
export type EffectHandlers = {
  readonly [Kind in Effect['kind']]: (effect: EffectOf<Kind>) => void;
} & {
  /** Told every effect before it is carried out: for those who only watch. */
  readonly before?: ((effect: Effect) => void) | undefined;
};

/**
 * Carries out all effects in their order, and leaves none. To be called after every call that can cause effects. A handler
 * may call the scheduler (answering a `resolve` at once, for example): what it wants then is carried out in the same run,
 * after the rest. A handler must not call `drive` again.
 */
export function drive({ effects }: Pick<Scheduler, 'effects'>, handlers: EffectHandlers): void {
  for (let index = 0; index < effects.length; index++) {
    const effect = effects[index];
    if (effect === undefined) continue;
    handlers.before?.(effect);
    carryOut(effect, handlers);
  }
  effects.length = 0;
}

/** Not `handlers[effect.kind](effect)`: a property that is computed each time costs more than the rest of the loop. */
function carryOut(effect: Effect, handlers: EffectHandlers): void {
  switch (effect.kind) {
    case 'connect':
      return handlers.connect(effect);
    case 'transact':
      return handlers.transact(effect);
    case 'close':
      return handlers.close(effect);
    case 'visit':
      return handlers.visit(effect);
    case 'resolve':
      return handlers.resolve(effect);
    case 'deferred':
      return handlers.deferred(effect);
    case 'delivered':
      return handlers.delivered(effect);
    case 'failed':
      return handlers.failed(effect);
    case 'done':
      return handlers.done(effect);
  }
}
