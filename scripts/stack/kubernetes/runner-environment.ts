import { HarnessError } from '../../cli/errors.ts';
import type { Kubectl } from './kubectl.ts';

/** Environment variables that would change the load, or where it goes, without a trace in the plan. */

/**
 * As on this machine, K6_ITERATIONS and similar variables would change the planned load, and a proxy would receive it. The
 * index of a pod determines its part of the load.
 */
const MISLEADING = /^(K6_.*|(HTTPS?|ALL|NO)_PROXY|JOB_COMPLETION_INDEX)$/i;

export const isMisleading = (name: string): boolean => MISLEADING.test(name);

/**
 * Kubernetes adds variables for each Service of the namespace to every pod: K6_SERVICE_HOST for one named k6. No option of k6
 * has such a name.
 */
const OF_A_SERVICE = /_(SERVICE_(HOST|PORT(_.+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;
const OF_A_JOB = 'JOB_COMPLETION_INDEX';
/** grafana/k6:…-with-browser sets some variables. A script that uses a browser is refused, so they have no effect. */
const OF_THE_BROWSER = /^K6_BROWSER_/;
const isHarmless = (name: string) => OF_A_SERVICE.test(name) || OF_THE_BROWSER.test(name);

/**
 * Reads the environment of k6's containers, whatever its source: `env` and `envFrom` of --runner, the image, or an admission
 * webhook. Only the container itself has all of them. Throws HarnessError `misleading-environment`.
 * @param own names that the harness sets
 */
export async function refuseMisleading(
  pods: readonly string[],
  own: readonly string[],
  { kubectl, namespace, signal }: { kubectl: Kubectl; namespace: string; signal: AbortSignal },
): Promise<void> {
  const known = [...own, OF_A_JOB];
  const read = async (pod: string) => {
    const command = ['exec', '--namespace', namespace, pod, '-c', 'k6', '--', 'cat', '/proc/self/environ'];
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

/** Values may have several lines, so the kernel ends each with a NUL byte. */
const namesIn = (environ: string): readonly string[] =>
  environ.split('\0').flatMap((one) => (one.includes('=') ? one.slice(0, one.indexOf('=')) : []));
