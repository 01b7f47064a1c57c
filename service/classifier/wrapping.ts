import type { Classifier } from './classifier.ts';

/** The classifier in all but one thing: how it classifies. Disposing of it disposes of the one inside. */
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
