import { inspectTool, type ToolReport } from './inspect.ts';
import { installTool } from './install.ts';
import type { ReleaseContext } from './release.ts';
import { searchCache, searchPath, searchVariable } from './search.ts';
import { TOOL_SPECS, type ToolName, type ToolSpec } from './specs.ts';
import { type FoundTool, type Search, TOOL_LIMITS, type ToolIo, type ToolLimits } from './types.ts';

export interface ToolFinder {
  /**
   * Returns a tool that runs, and installs it first if necessary. Tries in this order: the explicit path, `PATH`, the cache,
   * the official release, and the pinned Go build. May be called concurrently, for several tools and from several processes.
   * Throws HarnessError `tool-explicit-path`, `tool-unavailable`, `release-checksum`, `cache-not-writable` or `tool-lock`.
   */
  readonly findTool: (name: ToolName, io: ToolIo) => Promise<FoundTool>;
  /**
   * Reports for each tool what `findTool` would return or do. Installs nothing, and reports problems instead of throwing if
   * possible.
   */
  readonly inspectTools: (io: ToolIo, names?: readonly ToolName[]) => Promise<readonly ToolReport[]>;
}

export interface FinderOptions {
  readonly specs: Readonly<Record<ToolName, ToolSpec>>;
  readonly limits: ToolLimits;
  /** `platform-arch`, with the names that Node.js uses. */
  readonly platform: string;
}

/** A finder remembers release servers that did not respond, and does not try them again. */
export function createToolFinder(options: Partial<FinderOptions> = {}): ToolFinder {
  const specs = options.specs ?? TOOL_SPECS;
  const limits = options.limits ?? TOOL_LIMITS;
  const platform = options.platform ?? `${process.platform}-${process.arch}`;
  const unreachable = new Map<string, string>();
  const contextFor = (io: ToolIo): ReleaseContext => ({ io, limits, platform, unreachable });
  return {
    async findTool(name, io) {
      const search: Search = { spec: specs[name], io, limits };
      const reasons: string[] = [];
      for (const look of [searchVariable, searchPath, searchCache]) {
        const attempt = await look(search);
        if (attempt.ok) return attempt.value;
        reasons.push(attempt.error);
      }
      return await installTool(search, { ...contextFor(io), specs: Object.values(specs), reasons });
    },
    async inspectTools(io, names = Object.keys(specs) as ToolName[]) {
      const reports: ToolReport[] = [];
      for (const name of names) {
        reports.push(await inspectTool({ spec: specs[name], io, limits }, contextFor(io)));
      }
      return reports;
    },
  };
}

const standard = createToolFinder();
export const findTool: ToolFinder['findTool'] = standard.findTool;
export const inspectTools: ToolFinder['inspectTools'] = standard.inspectTools;
