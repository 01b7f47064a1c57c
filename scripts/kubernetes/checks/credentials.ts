import { parse } from 'yaml';
import { containersOf, type Manifest, nameOf, ofKind, workloadsOf } from '../manifest.ts';

/** Finds credentials in manifests. */

const SECRET_NAME = /password|passwd|token|secret|credential|api_?key/i;
/** Values under names of secrets, except paths, file expansions and on/off switches. */
const LITERAL = /^(?!\/|\$__file\{|true$|false$)\S+$/;

export function secretsOnly(objects: readonly Manifest[]): readonly string[] {
  return [
    ...ofKind(objects, 'Secret').map((one) => `${nameOf(one)} is in a manifest`),
    ...workloadsOf(objects).flatMap((workload) =>
      containersOf(workload).flatMap(({ env = [] }) =>
        env
          .filter(({ name, value }) => SECRET_NAME.test(name) && LITERAL.test(value ?? '/'))
          .map(({ name }) => `${nameOf(workload)}: the value of ${name} is in the manifest`),
      ),
    ),
    ...ofKind(objects, 'ConfigMap').flatMap((map) =>
      Object.entries(map.data ?? {}).flatMap(([file, text]) =>
        literalsIn(file, text).map(
          (key) => `${nameOf(map)}, ${file}: the value of ${key} is in the manifest`,
        ),
      ),
    ),
  ];
}

/** Keys of a YAML configuration that contain a secret in plain text, and addresses that contain a password. */
function literalsIn(file: string, text: string): readonly string[] {
  const urls = /\/\/[^/\s:@]+:[^/\s@]+@/.test(text) ? ['an address'] : [];
  return /\.ya?ml$/.test(file) ? [...urls, ...literalKeys(parse(text))] : urls;
}

function literalKeys(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'string' && SECRET_NAME.test(key) && !key.endsWith('_file') && LITERAL.test(inner)
      ? [key]
      : literalKeys(inner),
  );
}
