/** A version as the tools print it; a build suffix (`+ds`) is ignored. */
export interface Version {
  readonly numbers: readonly [major: number, minor: number, patch: number];
  readonly preRelease: string | null;
}

/** At least `atLeast`, below the major version `belowMajor`; a pre-release of `atLeast` itself sorts before it. */
export interface VersionRange {
  readonly atLeast: string;
  readonly belowMajor: number;
}

/** Parses `2.2.0`, `v2.2.0`, `1.26` (patch 0) and `3.5.0-rc.1`; null for anything else. */
export function parseVersion(text: string): Version | null {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+\S*)?$/.exec(text.trim());
  if (match === null) return null;
  const numbers = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] as const;
  return { numbers, preRelease: match[4] ?? null };
}

/** Negative if `left` is older, positive if it is newer, otherwise 0; two pre-releases of one version are equal. */
export function compareVersions(left: Version, right: Version): number {
  for (const index of [0, 1, 2] as const) {
    const difference = left.numbers[index] - right.numbers[index];
    if (difference !== 0) return difference;
  }
  return Number(left.preRelease === null) - Number(right.preRelease === null);
}

export function satisfies(text: string, range: VersionRange): boolean {
  const version = parseVersion(text);
  const lowest = parseVersion(range.atLeast);
  if (version === null || lowest === null) return false;
  return version.numbers[0] < range.belowMajor && compareVersions(version, lowest) >= 0;
}

export function rangeText(range: VersionRange): string {
  return `>=${range.atLeast} <${range.belowMajor}`;
}
