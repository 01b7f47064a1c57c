import semver from 'semver';

/**
 * Versions from `atLeast` up to, but excluding, the major version `belowMajor`. A pre-release of `atLeast` is lower than
 * `atLeast`.
 */
export interface VersionRange {
  readonly atLeast: string;
  readonly belowMajor: number;
}

/**
 * Whether a version that a tool printed is in the range. A build suffix (`+ds`) is ignored. Any other text is not a version.
 */
export const satisfies = (version: string, range: VersionRange): boolean =>
  semver.satisfies(version.trim(), rangeText(range), { includePrerelease: true });

export const rangeText = ({ atLeast, belowMajor }: VersionRange): string => `>=${atLeast} <${belowMajor}`;

/** Compares Go versions, some of which have no patch number. A release candidate such as 1.26rc1 counts as its release. */
export function isGoAtLeast(version: string, lowest: string): boolean {
  const [left, right] = [version, lowest].map((text) => semver.coerce(text));
  return left != null && right != null && semver.gte(left, right);
}
