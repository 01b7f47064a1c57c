import { HarnessError } from '../cli/errors.ts';
import { checkGo } from './go-build.ts';
import { waysToProvide } from './install.ts';
import { probeRelease, type ReleaseContext } from './release.ts';
import { searchCache, searchPath, searchVariable } from './search.ts';
import type { ToolName, ToolSpec } from './specs.ts';
import type { FoundTool, Search } from './types.ts';
import { rangeText } from './version.ts';

/** The state of one tool: found, installable, or missing. */
export type ToolReport = {
  readonly name: ToolName;
  /** The accepted version range, as text. */
  readonly range: string;
  /** Why the earlier places, or all places, did not provide the tool. */
  readonly passedOver: readonly string[];
  readonly onlyFor?: NonNullable<ToolSpec['onlyFor']>;
} & (
  | { readonly state: 'found'; readonly tool: FoundTool }
  | { readonly state: 'installable'; readonly plan: string }
  | { readonly state: 'missing'; readonly message: string; readonly nextStep: string }
);

export async function inspectTool(search: Search, context: ReleaseContext): Promise<ToolReport> {
  const { name, range, onlyFor } = search.spec;
  const base = { name, range: rangeText(range), ...(onlyFor === undefined ? {} : { onlyFor }) };
  const passedOver: string[] = [];
  for (const look of [searchVariable, searchPath, searchCache]) {
    try {
      const attempt = await look(search);
      if (attempt.ok) return { ...base, passedOver, state: 'found', tool: attempt.value };
      passedOver.push(attempt.error);
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      return { ...base, passedOver, state: 'missing', message: error.message, nextStep: error.nextStep };
    }
  }
  return { ...base, ...(await planInstall(search, context, passedOver)) };
}

async function planInstall(search: Search, context: ReleaseContext, passedOver: readonly string[]) {
  const { name, version } = search.spec.package;
  const release = await probeRelease(search.spec.package, context);
  if (release.ok) {
    const plan = `would download ${name} ${version} from ${release.value}`;
    return { state: 'installable', passedOver, plan } as const;
  }
  const go = await checkGo(search);
  if (go.ok) {
    const plan = `would build ${search.spec.name} ${version} with Go ${go.value}, in a minute or two`;
    return { state: 'installable', passedOver: [...passedOver, release.error], plan } as const;
  }
  return {
    state: 'missing',
    passedOver: [...passedOver, release.error, go.error],
    message: `${search.spec.name} ${rangeText(search.spec.range)} is not installed and cannot be installed here`,
    nextStep: await waysToProvide(search),
  } as const;
}
