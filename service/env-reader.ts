import type { Problem } from './problem.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads single variables and collects problems. An empty variable counts as not set. */
export class Reader {
  readonly #env: Environment;
  readonly #problems: Problem[];

  constructor(env: Environment, problems: Problem[]) {
    this.#env = env;
    this.#problems = problems;
  }

  text(name: string): string | undefined {
    const value = this.#env[name]?.trim();
    return value === '' ? undefined : value;
  }

  whole(name: string, least: number, most: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    const message = `"${value}" is not a whole number from ${least} to ${most}`;
    this.#problems.push({ code: 'out_of_range', path: name, message });
    return undefined;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = allowed.find((each) => each === value);
    if (found !== undefined) return found;
    const message = `"${value}" is not one of ${allowed.join(', ')}`;
    this.#problems.push({ code: 'unknown_value', path: name, message });
    return undefined;
  }

  decimal(name: string, least: number, most: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,12}(\.\d{1,12})?$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    const message = `"${value}" is not a number from ${least} to ${most}, such as 0.5`;
    this.#problems.push({ code: 'out_of_range', path: name, message });
    return undefined;
  }
}
