import * as bench from './commands/bench.ts';
import * as corpus from './commands/corpus.ts';
import * as kubernetes from './commands/kubernetes.ts';
import * as mutate from './commands/mutate.ts';
import * as pack from './commands/pack.ts';
import * as reference from './commands/reference.ts';
import * as selftest from './commands/selftest.ts';
import * as serve from './commands/serve.ts';
import * as simulate from './commands/simulate.ts';
import * as stack from './commands/stack.ts';
import * as test from './commands/test.ts';

/**
 * Commands that need the sentiment service, the tests or the sources. A checkout contains these; the npm package does not.
 */
export const COMMANDS = [
  serve,
  stack,
  kubernetes,
  bench,
  selftest,
  test,
  pack,
  reference,
  corpus,
  simulate,
  mutate,
] as const;
