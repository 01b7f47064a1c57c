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
