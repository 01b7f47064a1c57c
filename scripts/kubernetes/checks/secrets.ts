import { type Manifest, nameOf } from '../manifest.ts';
import { ROTATIONS } from '../rotate.ts';
import { GIVEN_SECRETS, SECRETS } from '../secret-names.ts';

/** A reference to a Secret in any field of an object. */
interface Reference {
  readonly where: string;
  readonly secret: string;
  readonly key: string | null;
}

/**
 * Every Secret must either be created by `./sla kubernetes secrets` and replaced by `rotate`, or be one that the operator
 * provides according to the docs.
 */
export const secretProblems = (objects: readonly Manifest[]): readonly string[] =>
  objects.flatMap((object) =>
    referencesIn(object, nameOf(object)).flatMap(({ where, secret, key }) => {
      if (Object.hasOwn(GIVEN_SECRETS, secret)) return [];
      const keys: readonly string[] | undefined = (SECRETS as Readonly<Record<string, readonly string[]>>)[
        secret
      ];
      if (keys === undefined) return [`${where}: nothing creates the Secret ${secret}`];
      if (!Object.hasOwn(ROTATIONS, secret)) return [`${where}: nothing rotates the Secret ${secret}`];
      return key === null || keys.includes(key) ? [] : [`${where}: Secret ${secret} has no key ${key}`];
    }),
  );

function referencesIn(value: unknown, where: string): readonly Reference[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const found = [inner].flat().flatMap((one) => referenceOf(field, one) ?? []);
    return [...found.map((one) => ({ where, ...one })), ...referencesIn(inner, where)];
  });
}

/**
 * Volumes, ingresses and certificates have the field `secretName`. The other fields contain an object with a name and
 * possibly a key.
 */
function referenceOf(field: string, value: unknown): Omit<Reference, 'where'> | null {
  if (field === 'secretName') return { secret: String(value), key: null };
  if (!/^(secretKeyRef|secretRef|secret|imagePullSecrets|passwordSecretRef|basicAuth)$/.test(field))
    return null;
  const { name, key } = (value ?? {}) as { name?: unknown; key?: unknown };
  return typeof name === 'string' ? { secret: name, key: typeof key === 'string' ? key : null } : null;
}
