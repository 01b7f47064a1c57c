import type { ClaimScript } from './claim-script.ts';
import { type LoadSpec, POD_SECURITY, podPlacement, RECORD, RESTRICTED } from './manifests.ts';

/** The Job whose pod archives a script from a volume with k6. It sends no load. */

const VOLUME = '/volume';

export const PACKED = `${RECORD}/archive.tar`;
export const PACK_LOG = `${RECORD}/pack.log`;
/** Contains k6's exit code once k6 has ended. */
export const PACK_CODE = `${RECORD}/pack.code`;

/** The shell receives the file name as an argument, so that it does not interpret special characters in the name. */
const PACK = `
echo '{}' >${RECORD}/config.json
cd ${VOLUME}
k6 archive --quiet --no-color --config ${RECORD}/config.json --archive-out ${PACKED} --include-system-env-vars --exclude-env-vars "$1" >${PACK_LOG} 2>&1
echo $? >${PACK_CODE}.new; mv ${PACK_CODE}.new ${PACK_CODE}
while :; do sleep 1; done
`;

/** Uses the same image and environment as the load generators, because the plan may depend on both. */
export function packJobOf(spec: LoadSpec, labels: object, { claim, file }: ClaimScript): object {
  const { settings } = spec;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: spec.name, namespace: spec.namespace, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: spec.deadlineSeconds,
      ttlSecondsAfterFinished: 300,
      template: {
        metadata: { labels: { ...settings.labels, ...labels } },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          securityContext: POD_SECURITY,
          ...podPlacement(settings),
          containers: [
            {
              name: 'k6',
              image: spec.image,
              ...(settings.imagePullPolicy === undefined
                ? {}
                : { imagePullPolicy: settings.imagePullPolicy }),
              securityContext: RESTRICTED,
              command: ['sh', '-c', PACK, 'pack', `${VOLUME}/${file}`],
              env: [
                ...(settings.env ?? []),
                ...Object.entries(spec.env).map(([name, value]) => ({ name, value })),
              ],
              ...(settings.envFrom === undefined ? {} : { envFrom: settings.envFrom }),
              resources: { requests: { cpu: '100m', memory: '128Mi' } },
              volumeMounts: [
                { name: 'record', mountPath: RECORD },
                { name: 'volume', mountPath: VOLUME, readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: 'record', emptyDir: {} },
            { name: 'volume', persistentVolumeClaim: { claimName: claim, readOnly: true } },
          ],
        },
      },
    },
  };
}
