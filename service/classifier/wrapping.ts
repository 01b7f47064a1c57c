import type { Classifier } from './classifier.ts';

/**
 * A classifier that delegates everything except `classify` to an inner classifier. Disposing of it also disposes of
 * the inner classifier.
 */
export function wrapping(classifier: Classifier, classify: Classifier['classify']): Classifier {
  const { model, version, dtype } = classifier;
  return {
    model,
    version,
    dtype,
    isLoaded: () => classifier.isLoaded(),
    hasRoom: () => classifier.hasRoom(),
    classify,
    [Symbol.asyncDispose]: () => classifier[Symbol.asyncDispose](),
  };
}
