import { type Manifest, named, nameOf, ofKind, type Workload, workloadsOf } from '../manifest.ts';

/** Prometheus deletes its oldest samples once its blocks reach this size. The write-ahead log needs additional space. */
const RETENTION = /^--storage\.tsdb\.retention\.size=(\d+)(MB|GB)$/;
const MAX_SHARE = 0.9;
const MIB = 2 ** 20;
const UNITS: Readonly<Record<string, number>> = { MB: MIB, Mi: MIB, GB: 1024 * MIB, Gi: 1024 * MIB };

interface Claim extends Manifest {
  readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
}

/** If the retention size exceeds the volume, Prometheus stops or its pod is evicted. */
export const storageProblems = (objects: readonly Manifest[]): readonly string[] =>
  workloadsOf(objects).flatMap((workload) => {
    const kept = retentionOf(workload);
    const volume = volumeBytes(workload, objects);
    if (kept === null) return [];
    if (volume === null) return [`${nameOf(workload)}: the size of its volume data is unknown`];
    return kept <= MAX_SHARE * volume
      ? []
      : [`${nameOf(workload)}: keeps ${kept / MIB} MiB in a volume of ${volume / MIB} MiB`];
  });

function retentionOf({ spec }: Workload): number | null {
  const args = spec.template.spec.containers.flatMap(({ args = [] }) => args);
  const [, number, unit] = args.map((one) => RETENTION.exec(one)).find((one) => one !== null) ?? [];
  return number === undefined ? null : Number(number) * UNITS[unit!]!;
}

function volumeBytes({ spec }: Workload, objects: readonly Manifest[]): number | null {
  const data = (spec.template.spec.volumes ?? []).find(({ name }) => name === 'data');
  const claim = data?.persistentVolumeClaim?.claimName;
  const size =
    claim === undefined
      ? data?.emptyDir?.sizeLimit
      : named(ofKind<Claim>(objects, 'PersistentVolumeClaim'), claim)?.spec.resources.requests.storage;
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(size ?? '') ?? [];
  return number === undefined ? null : Number(number) * UNITS[unit!]!;
}
