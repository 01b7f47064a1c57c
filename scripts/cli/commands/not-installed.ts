import type { Register } from '../command.ts';
import { badOption } from '../inputs.ts';

/** Declares the commands of `checkout-commands.ts`, which the npm package does not contain. */
export const ONLY_IN_CHECKOUT = [
  'serve',
  'stack',
  'bench',
  'kubernetes',
  'selftest',
  'test',
  'reference',
  'corpus',
  'simulate',
  'mutate',
  'pack',
] as const;

/** Says how to get these commands, instead of rejecting them as unknown. */
export const register: Register = (program, _io, done) => {
  for (const name of ONLY_IN_CHECKOUT)
    program
      .command(name, { hidden: true })
      .argument('[args...]')
      .allowUnknownOption()
      .helpOption(false)
      .action(() => done(needsCheckout(name)));
};

const needsCheckout = (name: string) =>
  badOption(
    name,
    'this command is not in the npm package, because it needs the sentiment service or the sources: clone the repository of sla-harness, and use its launcher there',
  ).error;
