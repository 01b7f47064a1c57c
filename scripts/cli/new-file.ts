import { writeFile } from 'node:fs/promises';
import { HarnessError } from './errors.ts';
import { badOption, type PlacedProblem } from './inputs.ts';

/** Writes a file for the user, but never replaces an existing one. */
export async function writeNew(file: string, shown: string, text: string): Promise<readonly PlacedProblem[]> {
  try {
    await writeFile(file, text, { flag: 'wx' });
    return [];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return badOption('--out', `${shown} already exists: choose another name`).error;
    throw new HarnessError('not-written', `${shown} cannot be written: ${message}`, {
      nextStep: 'check the permissions of its folder',
      cause: error,
    });
  }
}
