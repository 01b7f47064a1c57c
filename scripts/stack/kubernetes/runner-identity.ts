import { HarnessError } from '../../cli/errors.ts';
import { execIn, printOnceWritten } from './in-pod.ts';
import type { Kubectl } from './kubectl.ts';
import { type LoadSpec, RECORD, SCRIPT_FILE, segmentsFor } from './manifests.ts';

/**
 * Before any load is sent, each load generator reports its k6 version, its part of the load and the SHA-256 of its script.
 * An image tag may refer to different images on two nodes. An operator or an admission webhook may change a pod.
 */

export interface Expected {
  readonly spec: LoadSpec;
  readonly withOperator: boolean;
  readonly k6Version: string;
  readonly archiveSha256: string;
  readonly kubectl: Kubectl;
  readonly signal: AbortSignal;
}

/**
 * In a Job's container, a shell writes the arguments to a file when it starts. With k6-operator, the first process is a
 * paused k6.
 */
const WRITTEN = printOnceWritten(`${RECORD}/arguments`, 10);
const RUNNING = "tr '\\0' '\\n' </proc/1/cmdline";

const questionOf = (withOperator: boolean) =>
  `k6 version && sha256sum <${SCRIPT_FILE} && { ${withOperator ? RUNNING : WRITTEN}; }`;

/**
 * Throws a HarnessError if a load generator differs from the plan.
 * @param pods the pods, in the order of their parts of the load
 * @param names the names of the load generators, in the same order
 */
export async function refuseOthers(
  pods: readonly string[],
  names: readonly string[],
  expected: Expected,
): Promise<void> {
  const { spec, kubectl, signal, withOperator } = expected;
  const ask = async (pod: string, at: number) => {
    const exec = execIn(spec.namespace, pod, 'k6');
    const said = await kubectl.run([...exec, 'sh', '-c', questionOf(withOperator)], { signal });
    return differenceIn(said.split('\n'), at, `${names[at]} (pod ${pod})`, expected);
  };
  const [first] = (await Promise.all(pods.map(ask))).flatMap((one) => one ?? []);
  if (first !== undefined) throw first;
}

function differenceIn(
  [version = '', sum = '', ...args]: readonly string[],
  at: number,
  who: string,
  { spec, k6Version, archiveSha256 }: Expected,
): HarnessError | null {
  const found = /\bv(\d+\.\d+\.\d+\S*)/.exec(version)?.[1];
  if (found !== k6Version)
    return new HarnessError(
      'other-k6',
      `${who} has k6 ${found ?? version}, but this machine prepared the script with ${k6Version}`,
      {
        nextStep: `set an image of the same version in the --runner file (image: grafana/k6:…); it is now ${spec.image}`,
      },
    );
  const [sha256] = sum.split(' ');
  if (sha256 !== archiveSha256)
    return new HarnessError(
      'other-script',
      `${who} has a different load script from the plan: its SHA-256 is ${sha256 || 'unknown'} instead of ${archiveSha256}`,
      { nextStep: `find out what mounts another ${SCRIPT_FILE} into the pod, such as an admission webhook` },
    );
  const own = segmentIn(args);
  const planned = spec.count === 1 ? null : segmentsFor(spec.count).each[at]!;
  if (own === planned) return null;
  return new HarnessError(
    'other-segment',
    `${who} would send ${partInWords(own)} instead of ${partInWords(planned)}`,
    {
      nextStep:
        'find out what changes the arguments or the environment of the pod, such as an admission webhook',
    },
  );
}

const partInWords = (segment: string | null) =>
  segment === null ? 'the whole load' : `the part ${segment} of the load`;

/** If a flag is repeated, k6 uses its last value. */
function segmentIn(args: readonly string[]): string | null {
  const flag = '--execution-segment';
  const at = args.findLastIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  if (at === -1) return null;
  return args[at] === flag ? (args[at + 1] ?? null) : args[at]!.slice(flag.length + 1);
}
