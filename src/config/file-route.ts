// One [[route]] as it stands in the file, with the names of this side.

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { routes } from './schema/route.ts';

export type FileRoute = DeepReadonly<CamelKeys<z.output<typeof routes>>>[number];
