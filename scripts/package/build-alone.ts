import { dirname } from 'node:path';
import { buildPackage } from './build.ts';

/** Builds the package where only the compiler is installed. Arguments: the compiler's path, and the folder to create. */

const [tsc, folder] = process.argv.slice(2);
await buildPackage({ root: dirname(dirname(import.meta.dirname)), tsc: tsc!, folder: folder! });
