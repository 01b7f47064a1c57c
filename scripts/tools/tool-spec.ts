import type { VersionRange } from './version.ts';

/** What is known of a tool: how it is found, downloaded and built. specs.ts has the tools. */

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
  /** Path below the releases' base URL, without leading or trailing slashes. */
  readonly folder: string;
  /** File in that folder with lines of `sha256  name`; by `platform-arch` if each archive has its own. */
  readonly checksums: string | Readonly<Record<string, string>>;
  /**
   * Archive by `platform-arch` as Node names them. The archive contains one folder with the archive's own name. A file
   * without an archive extension is the program itself.
   */
  readonly archives: Readonly<Record<string, string>>;
  /** The archive contains only this program, without a folder. */
  readonly program?: string;
}

export interface GoSpec {
  /** Folder with the go.mod and go.sum that pin every module. */
  readonly folder: string;
  readonly tags: readonly string[];
  readonly linkerFlags: string;
}

export interface ToolSpec {
  readonly name: ToolName;
  /** Environment variable that names the tool's path. */
  readonly pathVariable: string;
  /** Versions of an already installed tool that are accepted. */
  readonly range: VersionRange;
  /** What makes it print its version; absent: `--version`. */
  readonly versionArgument?: string;
  /** Extracts the version from that output. */
  readonly versionPattern: RegExp;
  readonly package: PackageSpec;
  readonly goPackage: string;
  /** The one command that needs this tool; everything else works without it. */
  readonly onlyFor?: 'selftest' | 'stack up --with alerts' | 'stack up --with tracing' | 'test';
}
