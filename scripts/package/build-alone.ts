import { dirname } from 'node:path';
import { buildPackage } from './build.ts';

/** Builds the package with only the compiler installed. Arguments: the path of the compiler, and the folder to create. */

const [tsc, folder] = process.argv.slice(2);
await buildPackage({ root: dirname(dirname(import.meta.dirname)), tsc: tsc!, folder: folder! });
