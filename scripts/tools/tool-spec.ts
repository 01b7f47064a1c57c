import type { VersionRange } from './version.ts';

/** Describes how a tool is found, downloaded and built. specs.ts contains the tools. */

export type ToolName =
  | 'k6'
  | 'prometheus'
  | 'promtool'
  | 'toxiproxy-server'
  | 'alertmanager'
  | 'jaeger'
  | 'victoria-metrics'
  | 'prometheus-kubernetes'
  | 'kustomize';

/** A package that is released, downloaded and installed as a unit. */
export interface PackageSpec {
  readonly name: string;
  readonly version: string;
  readonly release: ReleaseSpec;
  readonly go: GoSpec;
}

export interface ReleaseSpec {
  /** The path below the base URL of the releases, without leading or trailing slashes. */
  readonly folder: string;
  /**
   * The checksum file in that folder, with lines `sha256  name`. Given by `platform-arch` if each archive has a separate
   * file.
   */
  readonly checksums: string | Readonly<Record<string, string>>;
  /**
   * The archive for each `platform-arch`, with the names that Node.js uses. An archive contains one folder with the
   * archive's own name. A file without an archive extension is the program itself.
   */
  readonly archives: Readonly<Record<string, string>>;
  /** Whether the archive contains only this program, without a folder. */
  readonly program?: string;
}

export interface GoSpec {
  /** The folder with the go.mod and go.sum that pin every module. */
  readonly folder: string;
  readonly tags: readonly string[];
  readonly linkerFlags: string;
}

export interface ToolSpec {
  readonly name: ToolName;
  /** The environment variable with the tool's path. */
  readonly pathVariable: string;
  /** The accepted versions of an installed tool. */
  readonly range: VersionRange;
  /** The arguments with which the tool prints its version; absent: `--version`. */
  readonly versionArgument?: string;
  /** Extracts the version from the output. */
  readonly versionPattern: RegExp;
  readonly package: PackageSpec;
  readonly goPackage: string;
  /** The command that needs this tool, if it is the only one. */
  readonly onlyFor?: 'selftest' | 'stack up --with alerts' | 'stack up --with tracing' | 'test';
}
