// What a routing in force says where nothing is configured about VERP.

import { VerpSettings } from '../../src/route/verp.ts';

export const noVerp = new VerpSettings(undefined, new Map());
