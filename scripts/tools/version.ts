import semver from 'semver';

/** At least `atLeast`, below the major version `belowMajor`; a pre-release of `atLeast` itself sorts before it. */
export interface VersionRange {
  readonly atLeast: string;
  readonly belowMajor: number;
}

/** Whether a version as the tools print it is in the range. A build suffix (`+ds`) is ignored; other text is not a version. */
export const satisfies = (version: string, range: VersionRange): boolean =>
  semver.satisfies(version.trim(), rangeText(range), { includePrerelease: true });

export const rangeText = ({ atLeast, belowMajor }: VersionRange): string => `>=${atLeast} <${belowMajor}`;

/**
 * Compares Go versions, some of which have no patch number. A release candidate, such as 1.26rc1, counts as
 * its release.
 */
export function isGoAtLeast(version: string, lowest: string): boolean {
  const [left, right] = [version, lowest].map((text) => semver.coerce(text));
  return left != null && right != null && semver.gte(left, right);
}
