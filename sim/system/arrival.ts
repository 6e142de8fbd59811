// One arrival of a message at a mailbox. As long as somebody knows of it, the message must not come again.

import { Fact } from './fact.ts';

export class Arrival extends Fact {}
