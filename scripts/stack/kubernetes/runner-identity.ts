import { HarnessError } from '../../cli/errors.ts';
import type { Kubectl } from './kubectl.ts';
import { type LoadSpec, RECORD, SCRIPT_FILE, segmentsFor } from './manifests.ts';

/**
 * What each load generator will run, which it reports before anything is sent: its k6, the SHA-256 of its script, and its part
 * of the load. An image tag can mean different images on two nodes, and an operator or an admission webhook can change a pod.
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
 * The first program of a Job's container writes its arguments when it starts. With k6-operator it is k6 itself, which waits.
 */
const WRITTEN = `n=0; until [ -e ${RECORD}/arguments ] || [ $n -ge 100 ]; do sleep 0.1; n=$((n + 1)); done; cat ${RECORD}/arguments`;
const RUNNING = "tr '\\0' '\\n' </proc/1/cmdline";

const questionOf = (withOperator: boolean) =>
  `k6 version && sha256sum <${SCRIPT_FILE} && { ${withOperator ? RUNNING : WRITTEN}; }`;

/** @param pods in the order of their parts; @param names of the load generators. Throws a HarnessError if one differs. */
export async function refuseOthers(
  pods: readonly string[],
  names: readonly string[],
  expected: Expected,
): Promise<void> {
  const { spec, kubectl, signal, withOperator } = expected;
  const ask = async (pod: string, at: number) => {
    const exec = ['exec', '--namespace', spec.namespace, pod, '-c', 'k6', '--'];
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
        nextStep: `name an image of the same version in the file of --runner (image: grafana/k6:…); it is ${spec.image}`,
      },
    );
  const [sha256] = sum.split(' ');
  if (sha256 !== archiveSha256)
    return new HarnessError(
      'other-script',
      `${who} has another load script than the plan: its SHA-256 is ${sha256 || 'unknown'} instead of ${archiveSha256}`,
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

/** Of a repeated flag, the last one counts, as in k6. */
function segmentIn(args: readonly string[]): string | null {
  const flag = '--execution-segment';
  const at = args.findLastIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  if (at === -1) return null;
  return args[at] === flag ? (args[at + 1] ?? null) : args[at]!.slice(flag.length + 1);
}
