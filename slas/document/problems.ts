import type { Problem } from '../model/model.ts';

export const problem = (code: string, path: string, message: string): Problem => ({ code, path, message });

/** Repeated names, with the index of each repetition. */
export const repeated = (names: readonly string[]) =>
  names.map((name, index) => [name, index] as const).filter(([name, index]) => names.indexOf(name) !== index);

/** Ratios are compared as integers, exact to 6 decimals. */
export const checkDecimals = (value: number, path: string): Problem[] =>
  Number(value.toFixed(6)) === value ? [] : [problem('too-fine', path, `${value} has more than 6 decimals`)];
