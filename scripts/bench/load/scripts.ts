import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The same load in three variants: plain k6, the harness with the same script, and the harness with a script that
 * uses the library.
 */

export interface LoadShape {
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** Virtual users ready before the load begins, in all three. */
  readonly virtualUsers: number;
}

/** A script as any k6 user would write it. */
export async function writePlainScript(folder: string, url: string, shape: LoadShape): Promise<string> {
  const file = join(folder, 'plain.js');
  await writeFile(
    file,
    `import http from 'k6/http';

export const options = {
  scenarios: {
    hold: {
      executor: 'constant-arrival-rate',
      rate: ${shape.ratePerSecond},
      timeUnit: '1s',
      duration: '${shape.seconds}s',
      preAllocatedVUs: ${shape.virtualUsers},
    },
  },
};

export default function () {
  http.get('${url}/thing');
}
`,
  );
  return file;
}

/** Imports the library of this project. */
export async function writeLibraryScript(folder: string, root: string): Promise<string> {
  const file = join(folder, 'library.ts');
  const lib = join(root, 'loadtests', 'lib');
  await writeFile(
    file,
    `import { eachArrival, options as planned } from '${lib}/load.ts';
import { get } from '${lib}/request.ts';

export const options = planned();

export default eachArrival(() => {
  get('/thing');
});
`,
  );
  return file;
}
