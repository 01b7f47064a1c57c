/** Labels as one string, independent of their order; some may be excluded. */
export const keyOf = (labels: Readonly<Record<string, string>>, ...without: readonly string[]): string =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([label]) => !without.includes(label))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
