import Type, { type Static, type TSchema } from 'typebox';

/** Parts that the schemas of stored files share. */

export const text = Type.String();
export const number = Type.Number();
export const count = Type.Number({ minimum: 0 });
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const optional = Type.Optional;
export const list = Type.Array;
export const labels = Type.Record(Type.String(), Type.String());

type ReadonlyDeep<T> = T extends object ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> } : T;

/** The current types must match: the compiler reports where a field's type and its schema differ. */
export type Accepts<Written, S extends TSchema> = Written extends ReadonlyDeep<Static<S>> ? true : false;

/**
 * The fields of a type that its schema does not list, at any depth; never: there are none. A field that is not listed is not checked when
 * a file is read.
 */
export type Unlisted<Written, Listed> = Written extends readonly (infer One)[]
  ? Listed extends readonly (infer ListedOne)[]
    ? Unlisted<One, ListedOne>
    : never
  : Written extends object
    ? Listed extends object
      ?
          | Exclude<keyof Written, keyof Listed>
          | {
              [K in keyof Written & keyof Listed]-?: Unlisted<
                NonNullable<Written[K]>,
                NonNullable<Listed[K]>
              >;
            }[keyof Written & keyof Listed]
      : never
    : never;
