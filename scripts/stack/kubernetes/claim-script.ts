import { accept, badOption, type Input } from '../../cli/inputs.ts';

/**
 * `--script claim:NAME/PATH` names a script in a volume of the cluster: a PersistentVolumeClaim and a file in it.
 * k6-operator uses the same two names.
 */
export interface ClaimScript {
  readonly claim: string;
  /** The path in the volume, without a leading slash. */
  readonly file: string;
}

const PREFIX = 'claim:';
const NAME = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/;

export const isInClaim = (script: string): boolean => script.startsWith(PREFIX);

export function parseClaimScript(script: string): Input<ClaimScript> {
  const [claim = '', ...parts] = script.slice(PREFIX.length).split('/');
  if (!NAME.test(claim))
    return badOption(
      '--script',
      `"${script}" does not name a PersistentVolumeClaim: write claim:NAME/PATH, such as claim:load-scripts/checkout/test.js`,
    );
  if (parts.length === 0 || parts.some((part) => part === '' || part === '.' || part === '..'))
    return badOption(
      '--script',
      `"${script}" does not name a file in the volume: write claim:${claim}/PATH, with a path from the root of the volume and without ".."`,
    );
  return accept({ claim, file: parts.join('/') });
}
