import type { Problem } from '../model/model.ts';

export const problem = (code: string, path: string, message: string): Problem => ({ code, path, message });

/** Names that were there before, with where they come again. */
export const repeated = (names: readonly string[]) =>
  names.map((name, index) => [name, index] as const).filter(([name, index]) => names.indexOf(name) !== index);

/** Shares are compared as integers: of more decimals that would not be exact. */
export const checkDecimals = (value: number, path: string): Problem[] =>
  Number(value.toFixed(6)) === value ? [] : [problem('too-fine', path, `${value} has more than 6 decimals`)];
