import { HarnessError } from '../../cli/errors.ts';
import { changesLoad } from '../../run/k6-arguments.ts';
import { execIn } from './in-pod.ts';
import type { Kubectl } from './kubectl.ts';

/** Finds environment variables in the pods that would change the load or its target without appearing in the plan. */

/** A pod's index selects its part of the load. */
const INDEX = 'JOB_COMPLETION_INDEX';

export const isMisleading = (name: string): boolean => changesLoad(name) || name.toUpperCase() === INDEX;

/**
 * For each Service in the namespace, Kubernetes adds variables to every pod: a Service named k6 results in K6_SERVICE_HOST.
 * k6 has no options with such names.
 */
const OF_A_SERVICE = /_(SERVICE_(HOST|PORT(_.+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;
/**
 * The image grafana/k6:…-with-browser sets such variables. They have no effect, because scripts that use a browser are
 * refused.
 */
const OF_THE_BROWSER = /^K6_BROWSER_/;
const isHarmless = (name: string) => OF_A_SERVICE.test(name) || OF_THE_BROWSER.test(name);

/**
 * Refuses variables that would change the load. They may come from `env` or `envFrom` in the file of `--runner`, from the
 * image, or from an admission webhook. Only the container itself has all of them. Throws HarnessError
 * `misleading-environment`.
 *
 * @param own the names of the variables that the harness sets
 */
export async function refuseMisleading(
  pods: readonly string[],
  own: readonly string[],
  { kubectl, namespace, signal }: { kubectl: Kubectl; namespace: string; signal: AbortSignal },
): Promise<void> {
  const known = [...own, INDEX];
  const read = async (pod: string) => {
    const command = [...execIn(namespace, pod, 'k6'), 'cat', '/proc/self/environ'];
    return namesIn(await kubectl.run(command, { signal }))
      .filter((name) => isMisleading(name) && !known.includes(name) && !isHarmless(name))
      .map((name) => ({ pod, name }));
  };
  const [found] = (await Promise.all(pods.map(read))).flat();
  if (found === undefined) return;
  throw new HarnessError(
    'misleading-environment',
    `the environment of k6 in pod ${found.pod} has ${found.name}, which would change the load or where it goes`,
    {
      nextStep: `remove ${found.name} from the ConfigMap or Secret that envFrom names in the file of --runner, from the image, or from what the cluster adds to its pods; set the load in the scenario or the script`,
    },
  );
}

/** The kernel ends each variable with a NUL, because values may contain line breaks. */
const namesIn = (environ: string): readonly string[] =>
  environ.split('\0').flatMap((one) => (one.includes('=') ? one.slice(0, one.indexOf('=')) : []));
