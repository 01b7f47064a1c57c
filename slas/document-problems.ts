import type { Problem } from './model.ts';

export const problem = (code: string, path: string, message: string): Problem => ({ code, path, message });

/** Names that were there before, with where they come again. */
export const repeated = (names: readonly string[]) =>
  names.map((name, index) => [name, index] as const).filter(([name, index]) => names.indexOf(name) !== index);
